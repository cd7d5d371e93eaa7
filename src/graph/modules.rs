//! References to modules: `module.NAME.OUTPUT` needs the call and that output, `module.NAME` alone all outputs.

use crate::config::model::{Config, Node, NodeId, NodeKind, Repetition};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast::{Step, StepKind};

/// Hands every node that a reference `module` + `steps` needs to `need`.
pub(super) fn lookup(
    config: &Config,
    node: &Node,
    steps: &[Step],
    span: Span,
    need: &mut dyn FnMut(NodeId),
    diags: &mut Diagnostics,
) {
    let names = &config.module(node.module).names;
    let Some(StepKind::Attr(name)) = steps.first().map(|step| &step.kind) else {
        diags.push(
            Diagnostic::error("Incomplete reference", "`module` alone names nothing.")
                .at(span)
                .help("write `module.NAME.OUTPUT`"),
        );
        return;
    };
    let Some(call_id) = names.plain("module", name) else {
        let known = names.plain.get("module").into_iter().flat_map(|names| names.keys());
        let mut diagnostic =
            Diagnostic::error("Unknown name", format!("No module `{name}` is called in this configuration."))
                .at(span)
                .suggest(name, known.map(|name| &**name));
        diagnostic.help.get_or_insert_with(|| format!("call it with `module \"{name}\" {{ source = ... }}`"));
        diags.push(diagnostic);
        return;
    };
    need(call_id);
    let NodeKind::Module(call) = &config.node(call_id).kind else { return };
    let child = config.module(call.child);
    if child.call != Some(call_id) {
        // The call is in error and leads nowhere.
        return;
    }
    let outputs = child.names.plain.get("output");
    match output(&call.repetition, steps.get(1..).unwrap_or_default()) {
        Some(output) => match outputs.and_then(|outputs| outputs.get(output)) {
            Some(found) => need(*found),
            None if child.is_damaged => {}
            None => diags.push(
                Diagnostic::error("Unknown name", format!("The module `{name}` has no output `{output}`."))
                    .at(span)
                    .related(config.node(call_id).header, "called here")
                    .suggest(
                        output,
                        outputs.into_iter().flat_map(|outputs| outputs.keys()).map(|name| &**name),
                    ),
            ),
        },
        None => outputs.into_iter().flat_map(|outputs| outputs.values()).copied().for_each(need),
    }
}

/// The output that the steps behind a module's name lead to; `None` when they stop before one.
fn output<'a>(repetition: &Repetition, steps: &'a [Step]) -> Option<&'a str> {
    let (first, rest) = steps.split_first()?;
    let of = match (&first.kind, repetition) {
        (StepKind::Attr(_), Repetition::Once) => first,
        // An instance is chosen first: by an index, by a splat, or by its key.
        _ => rest.first()?,
    };
    match &of.kind {
        StepKind::Attr(name) => Some(name),
        StepKind::Index(_) | StepKind::LegacyIndex(_) | StepKind::AttrSplat | StepKind::FullSplat => None,
    }
}
