//! `import` blocks: existing objects that become flows.

use super::super::errors;
use super::super::model::{Import, NodeKind, Repetition};
use super::super::schema;
use super::Decoder;
use super::body::check_body;
use crate::address::BlockAddress;
use crate::syntax::ast::{Block, Expr, ExprKind, StepKind};

impl Decoder<'_> {
    pub(super) fn import(&mut self, block: &Block) {
        check_body(&block.body, "import", block.header, &schema::IMPORT, self.diags);
        let (Some(to), Some(id)) = (block.body.attribute("to"), block.body.attribute("id")) else { return };
        let Some((flow, key)) = target(&to.expr) else {
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
        let address = BlockAddress { kind: "import".into(), type_label: None, name: name.into() };
        let import = Import {
            to: to.expr.clone(),
            flow: flow.into(),
            key: key.cloned(),
            id: id.expr.clone(),
            repetition,
        };
        self.node(address, block.header, NodeKind::Import(Box::new(import)));
    }
}

/// The name of a flow and the expression of its instance key: `flow.etl`, `flow.etl[each.key]`.
fn target(expr: &Expr) -> Option<(&str, Option<&Expr>)> {
    let ExprKind::Traversal(traversal) = &expr.kind else { return None };
    if !matches!(&traversal.base.kind, ExprKind::Variable(root) if &**root == "flow") {
        return None;
    }
    match traversal.steps.as_slice() {
        [name] => match &name.kind {
            StepKind::Attr(name) => Some((name, None)),
            _ => None,
        },
        [name, key] => match (&name.kind, &key.kind) {
            (StepKind::Attr(name), StepKind::Index(key)) => Some((name, Some(key))),
            _ => None,
        },
        _ => None,
    }
}
