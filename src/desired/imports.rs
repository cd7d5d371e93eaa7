//! `import` blocks: which object becomes which flow. It looks at no object.

use std::collections::BTreeMap;

use super::DesiredFlow;
use super::expand::expand;
use super::scope::BlockScope;
use crate::address::{Address, BlockAddress, InstanceKey, ModulePath};
use crate::config::model::{Import, Node};
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::evaluate;
use crate::source::Span;
use crate::syntax::ast::Expr;
use crate::value::{Kind, Marks, Type, Value, convert, type_name};

/// An object that is to become version 1 of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredImport {
    /// The flow's address.
    pub address: String,
    /// The backend's own name of the object.
    pub id: String,
    /// What to underline.
    pub span: Span,
}

/// The imports that a block asks for.
pub(super) fn imports(
    node: &Node,
    import: &Import,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Vec<DesiredImport> {
    let mut result = Vec::new();
    for (_, instance) in expand(&import.repetition, scope, diags).unwrap_or_default() {
        let scope = BlockScope { instance: &instance, ..*scope };
        let modules = import.modules.iter().map(|(name, expr)| (name, key(expr.as_ref(), &scope, diags)));
        let modules: Vec<_> = modules.collect();
        let key = key(import.key.as_ref(), &scope, diags);
        let id = evaluate(&import.id, &scope, diags);
        let modules = modules.into_iter().map(|(name, key)| Some((name.clone(), key?)));
        let (Some(module), Some(key)) = (modules.collect::<Option<ModulePath>>(), key) else { continue };
        match convert(&id, &Type::String) {
            Ok(Value { kind: Kind::String(text), marks }) if marks == Marks::NONE && !text.is_empty() => {
                let block = BlockAddress { kind: "flow".into(), type_label: None, name: import.flow.clone() };
                let address = Address { module, block, key }.to_string();
                result.push(DesiredImport { address, id: text.to_string(), span: node.header });
            }
            Ok(value) if value.is_unknown() && !scope.must_be_known(diags) => {}
            _ => diags.push(unusable(
                import.id.span,
                &format!(
                    "`id` is a text that is not empty, not sensitive and known at plan time, and this is a {}.",
                    type_name(&id)
                ),
            )),
        }
    }
    result
}

/// Refuses imports of what is not declared, and several into one flow.
pub(super) fn check(imports: &[DesiredImport], flows: &[DesiredFlow], diags: &mut Diagnostics) {
    if imports.is_empty() {
        return;
    }
    let addresses: Vec<String> = flows.iter().map(|flow| flow.address.to_string()).collect();
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    for import in imports {
        if !addresses.contains(&import.address) && !diags.has_errors() {
            let mut diagnostic = Diagnostic::error(
                "Unknown address",
                format!(
                    "The configuration declares no flow `{}` that the object could become.",
                    import.address
                ),
            )
            .at(import.span)
            .suggest(&import.address, addresses.iter().map(String::as_str));
            diagnostic
                .help
                .get_or_insert_with(|| "declare the flow, or remove the `import` block".to_owned());
            diags.push(diagnostic);
        }
        if let Some(first) = first.insert(&import.address, import.span) {
            diags.push(
                Diagnostic::error(
                    "Duplicate import",
                    format!(
                        "Two `import` blocks give `{}` an object, and it can become of one only.",
                        import.address
                    ),
                )
                .at(import.span)
                .related(first, "the other one")
                .help("remove one of them"),
            );
        }
    }
}

fn unusable(span: Span, detail: &str) -> Diagnostic {
    Diagnostic::error("Unusable import", detail).at(span).help("use values from the configuration itself")
}

/// The key of an instance; `None` where it cannot be told, which is in `diags`.
fn key(expr: Option<&Expr>, scope: &BlockScope<'_>, diags: &mut Diagnostics) -> Option<InstanceKey> {
    let Some(expr) = expr else { return Some(InstanceKey::None) };
    let value = evaluate(expr, scope, diags);
    let key = instance_key(&value);
    if key.is_none() && (scope.must_be_known(diags) || !value.is_unknown() && !diags.has_errors()) {
        diags.push(unusable(
            expr.span,
            "The key of the instance must be a text or a whole number that is known at plan time.",
        ));
    }
    key
}

fn instance_key(value: &Value) -> Option<InstanceKey> {
    match &value.kind {
        _ if value.marks != Marks::NONE => None,
        Kind::String(key) => Some(InstanceKey::Key(key.clone())),
        Kind::Number(index) => Some(InstanceKey::Index(u64::try_from(index.to_i64()?).ok()?)),
        _ => None,
    }
}
