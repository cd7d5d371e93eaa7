//! `import` blocks: existing objects that become flows. It does not look whether there are such flows.

use std::sync::Arc;

use super::super::errors;
use super::super::model::{Import, NodeKind, Repetition};
use super::super::schema;
use super::Decoder;
use super::body::check_body;
use crate::address::BlockAddress;
use crate::syntax::ast::{Block, Expr, ExprKind, Step, StepKind};

impl Decoder<'_> {
    pub(super) fn import(&mut self, block: &Block) {
        check_body(&block.body, "import", block.header, &schema::IMPORT, self.diags);
        let (Some(to), Some(id)) = (block.body.attribute("to"), block.body.attribute("id")) else { return };
        let Some(Target { modules, flow, key }) = target(&to.expr) else {
            self.diags.push(errors::not_an_address(to.expr.span, "`to`"));
            return;
        };
        let repetition = match block.body.attribute("for_each") {
            Some(attribute) => Repetition::ForEach(attribute.expr.clone()),
            None => Repetition::Once,
        };
        // Nothing refers to it; the name keeps it apart from others.
        let imports = self.config.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Import(_)));
        let name = format!("{flow}#{}", imports.count());
        let modules = modules.into_iter().map(|(name, key)| (name.clone(), key.cloned())).collect();
        let address = BlockAddress { kind: "import".into(), type_label: None, name: name.into() };
        let import = Import {
            to: to.expr.clone(),
            modules,
            flow: flow.clone(),
            key: key.cloned(),
            id: id.expr.clone(),
            repetition,
        };
        self.node(address, block.header, NodeKind::Import(Box::new(import)));
    }
}

/// A flow and the expressions of the instance keys on the way to it.
struct Target<'a> {
    modules: Vec<(&'a Arc<str>, Option<&'a Expr>)>,
    flow: &'a Arc<str>,
    key: Option<&'a Expr>,
}

/// What `flow.etl`, `flow.etl[each.key]` or `module.region["eu"].flow.etl` names; `None` for what is no such address.
fn target(expr: &Expr) -> Option<Target<'_>> {
    let ExprKind::Traversal(traversal) = &expr.kind else { return None };
    let ExprKind::Variable(root) = &traversal.base.kind else { return None };
    let mut modules = Vec::new();
    let mut word: &str = root;
    let mut steps = traversal.steps.iter().peekable();
    loop {
        let name = attribute(steps.next()?)?;
        let key = steps.next_if(|step| matches!(step.kind, StepKind::Index(_)));
        let key = key.and_then(|step| match &step.kind {
            StepKind::Index(key) => Some(key),
            _ => None,
        });
        match word {
            "flow" => return steps.next().is_none().then_some(Target { modules, flow: name, key }),
            "module" => modules.push((name, key)),
            _ => return None,
        }
        word = attribute(steps.next()?)?;
    }
}

fn attribute(step: &Step) -> Option<&Arc<str>> {
    match &step.kind {
        StepKind::Attr(name) => Some(name),
        _ => None,
    }
}
