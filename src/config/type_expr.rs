//! Type constraints as written: `list(string)`, `object({ name = string, size = optional(number, 1) })`.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use crate::value::{AttributeType, Kind, Type, Value, convert};

/// Reads a type constraint; mistakes are pushed to `diags` and read as `any`.
pub fn parse_type(expr: &Expr, diags: &mut Diagnostics) -> Type {
    match &expr.kind {
        ExprKind::Parenthesis(inner) => parse_type(inner, diags),
        ExprKind::Variable(name) => match &**name {
            "any" => Type::Any,
            "string" => Type::String,
            "number" => Type::Number,
            "bool" => Type::Bool,
            "list" | "set" | "map" => {
                diags.push(
                    invalid(expr.span, format!("`{name}` says nothing of its elements."))
                        .help(format!("write `{name}(string)`, or `{name}(any)`")),
                );
                Type::Any
            }
            other => {
                diags.push(invalid(expr.span, format!("`{other}` is no type.")).suggest(
                    other,
                    ["any", "string", "number", "bool", "list", "set", "map", "object", "tuple"],
                ));
                Type::Any
            }
        },
        ExprKind::Literal(value) => {
            let hint = value.as_str().map(|text| format!("write `{text}` without quotes"));
            let mut diagnostic = invalid(expr.span, "A type is a keyword and not a value.");
            diagnostic.help = hint;
            diags.push(diagnostic);
            Type::Any
        }
        ExprKind::Call(call) => match (&*call.name.text, call.args.as_slice()) {
            ("list", [element]) => Type::List(Box::new(parse_type(element, diags))),
            ("set", [element]) => Type::Set(Box::new(parse_type(element, diags))),
            ("map", [element]) => Type::Map(Box::new(parse_type(element, diags))),
            ("tuple", [Expr { kind: ExprKind::Tuple(elements), .. }]) => {
                Type::Tuple(elements.iter().map(|element| parse_type(element, diags)).collect())
            }
            ("tuple", [Expr { kind: ExprKind::Literal(value), .. }]) if is_empty(value) => {
                Type::Tuple(Vec::new())
            }
            ("object", [attributes]) => object_type(attributes, diags),
            ("optional", _) => {
                diags.push(
                    invalid(expr.span, "`optional` stands only around the type of an object's attribute.")
                        .help("give the variable a `default` to make the whole of it optional"),
                );
                Type::Any
            }
            (name @ ("list" | "set" | "map" | "tuple" | "object"), args) => {
                let detail = format!("`{name}` takes one argument, and here it has {}.", args.len());
                diags.push(invalid(expr.span, detail));
                Type::Any
            }
            (name, _) => {
                diags.push(
                    invalid(call.name.span, format!("`{name}` is no type."))
                        .suggest(name, ["list", "set", "map", "object", "tuple", "optional"]),
                );
                Type::Any
            }
        },
        ExprKind::Traversal(_)
        | ExprKind::Tuple(_)
        | ExprKind::Object(_)
        | ExprKind::Template(_)
        | ExprKind::Unary(..)
        | ExprKind::Binary(_)
        | ExprKind::Conditional(_)
        | ExprKind::For(_) => {
            diags.push(invalid(
                expr.span,
                "A type is a keyword or one of `list(...)`, `map(...)` and the like.",
            ));
            Type::Any
        }
    }
}

fn is_empty(value: &Value) -> bool {
    value.members().next().is_none() && !matches!(value.kind, Kind::String(_) | Kind::Null)
}

fn object_type(expr: &Expr, diags: &mut Diagnostics) -> Type {
    let items = match &expr.kind {
        ExprKind::Object(items) => items.as_slice(),
        ExprKind::Literal(value) if is_empty(value) => &[],
        _ => {
            diags.push(
                invalid(expr.span, "`object` takes the attributes with their types in braces.")
                    .help("write `object({ name = string })`"),
            );
            return Type::Any;
        }
    };
    let mut attributes = BTreeMap::new();
    for item in items {
        let ExprKind::Literal(Value { kind: Kind::String(name), .. }) = &item.key.kind else {
            diags.push(invalid(item.key.span, "The name of an attribute is written out."));
            continue;
        };
        attributes.insert(name.clone(), attribute_type(&item.value, diags));
    }
    Type::Object(attributes)
}

fn attribute_type(expr: &Expr, diags: &mut Diagnostics) -> AttributeType {
    let ExprKind::Call(call) = &expr.kind else {
        return AttributeType { ty: parse_type(expr, diags), optional: false, default: None };
    };
    match (&*call.name.text, call.args.as_slice()) {
        ("optional", [ty]) => AttributeType { ty: parse_type(ty, diags), optional: true, default: None },
        ("optional", [ty, default]) => {
            let ty = parse_type(ty, diags);
            let default = match &default.kind {
                ExprKind::Literal(value) => match convert(value, &ty) {
                    Ok(value) => Some(value),
                    Err(error) => {
                        diags.push(invalid(
                            default.span,
                            format!("The default does not fit: {}.", error.message),
                        ));
                        None
                    }
                },
                _ => {
                    diags.push(invalid(default.span, "The default of an attribute is a value written out."));
                    None
                }
            };
            AttributeType { ty, optional: true, default }
        }
        ("optional", _) => {
            diags.push(invalid(expr.span, "`optional` takes a type and, if wanted, a default."));
            AttributeType { ty: Type::Any, optional: true, default: None }
        }
        _ => AttributeType { ty: parse_type(expr, diags), optional: false, default: None },
    }
}

fn invalid(span: Span, detail: impl Into<String>) -> Diagnostic {
    Diagnostic::error("Invalid type", detail).at(span)
}
