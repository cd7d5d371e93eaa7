//! The JSON syntax: the same tree from a JSON text, by Terraform's rules. Strings are templates, objects are blocks or
//! values as the grammar says. It knows no block itself, and it reads nothing but strict JSON.

mod problem;
mod string;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use jsonc_parser::ast::{Array, Object, ObjectProp, StringLit, Value as Json};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use self::string::Decoded;
use super::ast::{Attribute, Block, Body, Expr, ExprKind, Name, ObjectItem, TemplatePart};
use super::lower::Lowering;
use super::parse::{parse_expression, refuse_large};
use super::place::{move_diagnostics, move_expr};
use super::template::parse_template;
use crate::diag::Diagnostics;
use crate::source::{FileId, Span};
use crate::value::{Kind, Number, Type, Value};

/// As deep as expressions of the native syntax may be.
const MAX_DEPTH: usize = 64;

/// What the inside of a `dynamic` block is called, before the kind of the blocks that it makes.
const DYNAMIC: &str = "dynamic ";

/// What the JSON text cannot tell by itself, asked for with the kind of the block around (empty for the file).
#[derive(Clone, Copy, Debug)]
pub struct Grammar {
    /// How many labels the blocks of that kind have; `None` when it is no kind of block there.
    pub labels: fn(parent: &str, kind: &str) -> Option<usize>,
    /// How the strings of an argument are read.
    pub style: fn(parent: &str, argument: &str) -> Style,
}

/// How strings are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As templates.
    Template,
    /// As expressions, such as references and types.
    Expression,
    /// As they are.
    Literal,
}

/// Parses the text of a file in JSON syntax, which comes without a byte-order mark. What could be understood is
/// returned also when there are errors; places are those of the JSON text.
pub fn parse_json(file: FileId, text: &str, grammar: Grammar, diags: &mut Diagnostics) -> Body {
    parse_inside("", file, text, grammar, diags)
}

/// Parses a JSON text that is the inside of one block: names and values.
pub fn parse_json_values(file: FileId, text: &str, grammar: Grammar, diags: &mut Diagnostics) -> Body {
    parse_inside("values", file, text, grammar, diags)
}

fn parse_inside(parent: &str, file: FileId, text: &str, grammar: Grammar, diags: &mut Diagnostics) -> Body {
    let mut body = Body::default();
    if refuse_large(file, text, diags) {
        return body;
    }
    match parse_to_ast(text, &CollectOptions::default(), &STRICT) {
        Err(error) => diags.push(problem::syntax(file, text, &error)),
        Ok(parsed) => match parsed.value {
            None => diags.push(problem::not_an_object(Span::new(file, 0, text.len()), "The file is empty.")),
            Some(value) => {
                let mut reader = Reader { lowering: Lowering::new(file, text, diags), grammar };
                reader.body(parent, &value, &mut body);
            }
        },
    }
    body
}

/// Nothing but JSON.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

struct Reader<'t, 'd> {
    lowering: Lowering<'t, 'd>,
    grammar: Grammar,
}

impl Reader<'_, '_> {
    fn span(&self, range: Range) -> Span {
        Span::new(self.lowering.file(), range.start, range.end)
    }

    fn name(&mut self, property: &ObjectProp<'_>) -> Name {
        let text = self.lowering.share(property.name.as_str());
        Name { text, span: self.span(property.name.range()) }
    }

    /// The inside of the file or of a block: an object, or several in an array.
    fn body(&mut self, parent: &str, value: &Json<'_>, out: &mut Body) {
        match value {
            Json::Object(object) => self.properties(parent, object, out),
            Json::Array(array) => {
                for element in &array.elements {
                    match element {
                        Json::Object(object) => self.properties(parent, object, out),
                        other => self.not_an_object(other.range()),
                    }
                }
            }
            other => self.not_an_object(other.range()),
        }
        self.lowering.refuse_duplicates(out);
    }

    fn not_an_object(&mut self, range: Range) {
        let diagnostic = problem::not_an_object(
            self.span(range),
            "The inside of a block is written as an object, several blocks as an array of objects.",
        );
        self.lowering.push(diagnostic);
    }

    fn properties(&mut self, parent: &str, object: &Object<'_>, out: &mut Body) {
        for property in &object.properties {
            if property.name.as_str() == "//" {
                continue;
            }
            let name = self.name(property);
            let nested = match (&*name.text, parent) {
                // Not at the top of a file, where nothing could be made by it.
                ("dynamic", parent) if !parent.is_empty() => Some(1),
                ("content", parent) if parent.starts_with(DYNAMIC) => Some(0),
                (kind, parent) => (self.grammar.labels)(parent, kind),
            };
            match (nested, &property.value) {
                (Some(labels), Json::Object(_) | Json::Array(_) | Json::NullKeyword(_)) => {
                    self.blocks(&name, labels, &mut Vec::new(), parent, &property.value, out);
                }
                // What is neither is told by whoever knows the blocks.
                (None, _) if parent.is_empty() => out.blocks.push(Block {
                    header: name.span,
                    kind: name,
                    labels: Vec::new(),
                    body: Body::default(),
                }),
                _ => {
                    let parent = if parent.starts_with(DYNAMIC) { "dynamic" } else { parent };
                    let style = (self.grammar.style)(parent, &name.text);
                    let expr = self.expr(&property.value, style, 0);
                    out.attributes.push(Attribute { name, expr });
                }
            }
        }
    }

    /// The blocks of a kind: `left` labels are still to come as keys.
    fn blocks(
        &mut self,
        kind: &Name,
        left: usize,
        labels: &mut Vec<Name>,
        parent: &str,
        value: &Json<'_>,
        out: &mut Body,
    ) {
        match value {
            Json::NullKeyword(_) => {}
            Json::Array(array) => {
                for element in &array.elements {
                    match element {
                        Json::Object(_) => self.blocks(kind, left, labels, parent, element, out),
                        other => self.not_an_object(other.range()),
                    }
                }
            }
            Json::Object(object) if left > 0 => {
                for property in &object.properties {
                    let label = self.name(property);
                    labels.push(label);
                    self.blocks(kind, left - 1, labels, parent, &property.value, out);
                    labels.pop();
                }
            }
            Json::Object(_) => {
                let mut body = Body::default();
                let inside = match (&*kind.text, labels.first()) {
                    ("dynamic", Some(label)) => format!("{DYNAMIC}{}", label.text),
                    ("content", _) => parent.strip_prefix(DYNAMIC).unwrap_or(parent).to_owned(),
                    (kind, _) => kind.to_owned(),
                };
                self.body(&inside, value, &mut body);
                // From the kind to the label there may be many other blocks.
                let header = labels.last().map_or(kind.span, |label| label.span);
                out.blocks.push(Block { kind: kind.clone(), labels: labels.clone(), body, header });
            }
            other => self.not_an_object(other.range()),
        }
    }

    fn expr(&mut self, value: &Json<'_>, style: Style, depth: usize) -> Expr {
        let span = self.span(value.range());
        let kind = match value {
            Json::NullKeyword(_) => ExprKind::Literal(Value::NULL),
            Json::BooleanLit(literal) => ExprKind::Literal(Value::bool(literal.value)),
            Json::NumberLit(literal) => match Number::parse(literal.value) {
                Some(number) => ExprKind::Literal(Kind::Number(number).into()),
                None => {
                    self.lowering.push(problem::invalid_number(span));
                    ExprKind::Literal(Value::unknown(Type::Number))
                }
            },
            Json::StringLit(literal) => return self.string(literal, style),
            Json::Array(_) | Json::Object(_) if depth >= MAX_DEPTH => {
                self.lowering.push(problem::too_deep(span));
                ExprKind::Literal(Value::unknown(Type::Any))
            }
            Json::Array(array) => self.tuple(array, style, depth),
            Json::Object(object) => self.object(object, style, depth),
        };
        Expr { kind, span }
    }

    fn tuple(&mut self, array: &Array<'_>, style: Style, depth: usize) -> ExprKind {
        let items: Vec<Expr> = array.elements.iter().map(|item| self.expr(item, style, depth + 1)).collect();
        let literal = |item: &Expr| match &item.kind {
            ExprKind::Literal(value) => Some(value.clone()),
            _ => None,
        };
        match items.iter().map(literal).collect::<Option<Vec<Value>>>() {
            Some(values) => ExprKind::Literal(Value::tuple(values)),
            None => ExprKind::Tuple(items),
        }
    }

    fn object(&mut self, object: &Object<'_>, style: Style, depth: usize) -> ExprKind {
        let mut items: Vec<ObjectItem> = Vec::with_capacity(object.properties.len());
        let mut seen: HashMap<Arc<str>, Span> = HashMap::with_capacity(object.properties.len());
        for property in &object.properties {
            let key_style = if style == Style::Expression { Style::Literal } else { style };
            let key = match &property.name {
                jsonc_parser::ast::ObjectPropName::String(literal) => self.string(literal, key_style),
                jsonc_parser::ast::ObjectPropName::Word(_) => {
                    let Name { text, span } = self.name(property);
                    Expr { kind: ExprKind::Literal(Value::string(text)), span }
                }
            };
            if let ExprKind::Literal(Value { kind: Kind::String(text), .. }) = &key.kind
                && let Some(first) = seen.insert(text.clone(), key.span)
            {
                self.lowering.push(problem::duplicate_key(text, key.span, first));
                continue;
            }
            items.push(ObjectItem { key, value: self.expr(&property.value, style, depth + 1) });
        }
        match items.is_empty() {
            true => ExprKind::Literal(Value::object::<Arc<str>>([])),
            false => ExprKind::Object(items),
        }
    }

    /// A string, read as the style says; its places are moved to where the JSON text spells them.
    fn string(&mut self, literal: &StringLit<'_>, style: Style) -> Expr {
        let span = self.span(literal.range);
        let plain = |text: Arc<str>| Expr { kind: ExprKind::Literal(Value::string(text)), span };
        let has_sequence = literal.value.contains("${") || literal.value.contains("%{");
        if style == Style::Literal || (style == Style::Template && !has_sequence) {
            return plain(self.lowering.share(&literal.value));
        }
        let decoded = Decoded::new(self.lowering.text(), span);
        let to = |offset: u32| decoded.place(offset);
        let mut found = Diagnostics::new();
        let file = self.lowering.file();
        let parsed = match style {
            Style::Expression => parse_expression(file, decoded.text(), &mut found),
            Style::Template | Style::Literal => parse_template(file, decoded.text(), &mut found),
        };
        let mut moved = Diagnostics::new();
        move_diagnostics(found, &to, &mut moved);
        for diagnostic in moved {
            self.lowering.push(diagnostic);
        }
        let Some(mut expr) = parsed else {
            return Expr { kind: ExprKind::Literal(Value::unknown(Type::Any)), span };
        };
        move_expr(&mut expr, &to);
        match expr.kind {
            // One interpolation is the value itself, of whatever type.
            ExprKind::Template(mut parts) if parts.len() == 1 => match parts.pop() {
                Some(TemplatePart::Interpolation(inner)) => inner,
                Some(part) => Expr { kind: ExprKind::Template(vec![part]), span },
                None => plain("".into()),
            },
            kind if style == Style::Expression => Expr { kind, span: expr.span },
            kind => Expr { kind, span },
        }
    }
}
