//! `variable` blocks.

use super::super::errors;
use super::super::model::Variable;
use super::super::schema;
use super::super::type_expr::parse_type;
use super::body::{check_body, literal_bool, rules};
use crate::diag::Diagnostics;
use crate::syntax::ast::{Block, ExprKind};
use crate::value::Type;

pub(super) fn variable(block: &Block, diags: &mut Diagnostics) -> Variable {
    check_body(&block.body, "variable", block.header, &schema::VARIABLE, diags);
    let body = &block.body;
    let ty = body.attribute("type").map_or(Type::Any, |attribute| parse_type(&attribute.expr, diags));
    let default = body.attribute("default").map(|attribute| attribute.expr.clone());
    if let Some(default) = &default {
        crate::syntax::references(default, &mut |reference| {
            diags.push(
                errors::literal_needed(reference.span, "default", "a value")
                    .help("move what refers to other blocks into a `locals` block"),
            );
        });
    }
    let description = body.attribute("description").and_then(|attribute| match &attribute.expr.kind {
        ExprKind::Literal(value) => Some(value.clone()),
        _ => {
            diags.push(errors::literal_needed(attribute.expr.span, "description", "a text"));
            None
        }
    });
    let validations = rules(body, "validation", diags);
    Variable {
        ty,
        default,
        sensitive: literal_bool(body, "sensitive", false, diags),
        nullable: literal_bool(body, "nullable", true, diags),
        validations,
        description,
    }
}
