//! `output` blocks.

use super::DesiredOutput;
use super::scope::BlockScope;
use crate::config::model::{Node, NodeId, Output};
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::evaluate;
use crate::value::{Marks, Value};

pub(super) fn output(
    id: NodeId,
    node: &Node,
    output: &Output,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> DesiredOutput {
    let value = evaluate(&output.value, scope, diags);
    if value.all_marks().contains(Marks::SENSITIVE) && !output.sensitive {
        diags.push(
            Diagnostic::error(
                "Sensitive output",
                format!("The output `{}` shows a value that is derived from a sensitive one.", node.address.name),
            )
            .at(output.value.span)
            .help("add `sensitive = true` to the output, or wrap the value in `nonsensitive(...)` where it is no secret"),
        );
    }
    DesiredOutput { name: node.address.name.to_string(), value, sensitive: output.sensitive, node: id }
}

/// The value of a child's output, as its caller sees it.
pub(super) fn of_child(output: &Output, scope: &BlockScope<'_>, diags: &mut Diagnostics) -> Value {
    let value = evaluate(&output.value, scope, diags);
    value.marked(if output.sensitive { Marks::SENSITIVE } else { Marks::NONE })
}
