//! Templates that a run config names by a path of the configuration: their content becomes part of the definition, as
//! in the original (semantics 0.3). Files are read through what functions read through; remote places are left alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::scope::BlockScope;
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::Scope;
use crate::flow::definition::template::{
    Place, REALIGNED, REALIGNED_HELP, TemplateFields, parse, place, realigned,
};
use crate::flow::kind::RunConfigKind;
use crate::syntax::ast::Attribute;
use crate::value::{Type, Value};

/// Puts the content of a local template in the place of its path. What cannot be read is told, and unknown.
pub(super) fn read(
    kind: RunConfigKind,
    arguments: &mut BTreeMap<Arc<str>, Value>,
    attributes: &[Attribute],
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) {
    let Some(group) = TemplateFields::of(kind) else { return };
    let given = |name: &str| arguments.get(name).is_some_and(|value| !value.is_null());
    // Of two templates neither is taken, which the check of the definition says.
    if !given(group.path) || given(group.inline) || group.registered.is_some_and(given) {
        return;
    }
    let Some(written) = arguments.get(group.path) else { return };
    let Some(Place::Local(path)) = written.as_str().map(place) else { return };
    let template = scope.environment().read_file(path).and_then(|bytes| {
        let text = String::from_utf8(bytes).map_err(|_| format!("`{path}` is not UTF-8"))?;
        parse(&text).map_err(|error| format!("`{path}` cannot be read as YAML: {error}"))
    });
    let attribute = attributes.iter().find(|attribute| &*attribute.name.text == group.path);
    let placed = |diagnostic: Diagnostic| match attribute {
        Some(attribute) => diagnostic.at(attribute.expr.span),
        None => diagnostic,
    };
    let template = template.map(|parsed| {
        if parsed.realigned {
            diags.push(placed(Diagnostic::warning(REALIGNED, realigned(group.path)).help(REALIGNED_HELP)));
        }
        parsed.value
    });
    let template = template.unwrap_or_else(|reason| {
        let diagnostic = Diagnostic::error(
            "Unreadable template",
            format!("The content of `{}` is part of the definition, but {reason}.", group.path),
        )
        .help("the path is relative to the configuration's directory; a place elsewhere needs its scheme: `s3://`, `gs://`, `https://`, `agent:///`");
        diags.push(placed(diagnostic));
        Value::unknown(Type::Any)
    });
    let template = template.marked(written.marks);
    arguments.insert(group.path.into(), Value::NULL);
    arguments.insert(group.inline.into(), template);
}
