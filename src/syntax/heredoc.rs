//! Quoted templates and heredocs: escapes, strip markers and the indentation of `<<-`, by the rules of HCL.
//!
//! All of it works on the source text, because the parser library does not look into directives when it removes
//! indentation, nor for escapes in the directives of a quoted template.

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::template::{Directive, Element, Strip, Template};

use std::ops::Range;
use std::sync::Arc;

use super::ast::{ExprKind, TemplatePart};
use super::lower::Lowering;
use crate::diag::Diagnostic;
use crate::source::Span;
use crate::value::Value;

/// How a template is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `"..."`
    Quoted,
    /// `<<EOT`
    Heredoc,
    /// `<<-EOT`
    Dedented,
}

/// A piece of the template as HCL's own scanner would give it: a text of at most one line, or a sequence.
enum Token {
    Text(String),
    Sequence(Strip),
}

/// The shape of a template; texts are ranges of tokens.
enum Node<'a> {
    Text(Range<usize>),
    Interpolation(&'a Expression),
    If { condition: &'a Expression, then: Vec<Node<'a>>, otherwise: Vec<Node<'a>> },
    For { key: Option<Arc<str>>, value: Arc<str>, collection: &'a Expression, body: Vec<Node<'a>> },
}

/// Lowers a template: a literal when all of it is text.
pub(super) fn lower(lowering: &mut Lowering<'_, '_>, template: &Template, form: Form) -> ExprKind {
    let mut tokens = Vec::new();
    let nodes = collect(lowering, template, form, &mut tokens);
    strip(&mut tokens);
    if form == Form::Dedented {
        dedent(&mut tokens);
    }
    let mut parts = build(lowering, nodes, &tokens);
    match parts.as_mut_slice() {
        [] => ExprKind::Literal(Value::string(lowering.share(""))),
        [TemplatePart::Literal(text)] => ExprKind::Literal(Value::string(text.clone())),
        _ => ExprKind::Template(parts),
    }
}

fn collect<'a>(
    lowering: &mut Lowering<'_, '_>,
    template: &'a Template,
    form: Form,
    tokens: &mut Vec<Token>,
) -> Vec<Node<'a>> {
    let mut nodes = Vec::with_capacity(template.len());
    for element in template {
        match element {
            Element::Literal(literal) => {
                let from = tokens.len();
                text_tokens(lowering, lowering.span(literal.span()), form, tokens);
                nodes.push(Node::Text(from..tokens.len()));
            }
            Element::Interpolation(interpolation) => {
                tokens.push(Token::Sequence(interpolation.strip));
                nodes.push(Node::Interpolation(&interpolation.expr));
            }
            Element::Directive(directive) => match &**directive {
                Directive::If(directive) => {
                    tokens.push(Token::Sequence(directive.if_expr.strip));
                    let then = collect(lowering, &directive.if_expr.template, form, tokens);
                    let mut otherwise = Vec::new();
                    if let Some(branch) = &directive.else_expr {
                        tokens.push(Token::Sequence(branch.strip));
                        otherwise = collect(lowering, &branch.template, form, tokens);
                    }
                    tokens.push(Token::Sequence(directive.endif_expr.strip));
                    nodes.push(Node::If { condition: &directive.if_expr.cond_expr, then, otherwise });
                }
                Directive::For(directive) => {
                    let intro = &directive.for_expr;
                    tokens.push(Token::Sequence(intro.strip));
                    let key = intro.key_var.as_ref().map(|name| lowering.share(name.as_str()));
                    let value = lowering.share(intro.value_var.as_str());
                    let body = collect(lowering, &intro.template, form, tokens);
                    tokens.push(Token::Sequence(directive.endfor_expr.strip));
                    nodes.push(Node::For { key, value, collection: &intro.collection_expr, body });
                }
            },
        }
    }
    nodes
}

/// The tokens of one literal: the whole text in quotes, one per line in a heredoc.
fn text_tokens(lowering: &mut Lowering<'_, '_>, span: Span, form: Form, tokens: &mut Vec<Token>) {
    let source = lowering.slice(span);
    if form != Form::Quoted {
        tokens.extend(source.split_inclusive('\n').map(|line| Token::Text(unescape_markers(line))));
        return;
    }
    match unescape(source) {
        Ok(text) => tokens.push(Token::Text(text)),
        Err(at) => {
            let start = span.start as usize + at;
            let detail = "In a quoted template, a quote is written as `\\\"` and a backslash as `\\\\`; the other \
                          escapes are \\n, \\r, \\t, \\uNNNN and \\UNNNNNNNN.";
            let place = Span::new(span.file, start, start + 1);
            lowering.push(Diagnostic::error("Invalid escape sequence", detail).at(place));
        }
    }
}

/// Applies `~`: it takes the white space of the text token right beside it, which in a heredoc ends with the line.
fn strip(tokens: &mut [Token]) {
    for index in 0..tokens.len() {
        let Some(Token::Sequence(strip)) = tokens.get(index) else { continue };
        let strip = *strip;
        if strip.strip_start()
            && let Some(Token::Text(text)) = index.checked_sub(1).and_then(|before| tokens.get_mut(before))
        {
            text.truncate(text.trim_end().len());
        }
        if strip.strip_end()
            && let Some(Token::Text(text)) = tokens.get_mut(index + 1)
        {
            *text = text.trim_start().to_owned();
        }
    }
}

/// Removes the smallest indentation of all lines from each. Blank lines do not count; a line that starts with a
/// sequence has none; a line whose line ending before it was stripped is no line of its own.
fn dedent(tokens: &mut [Token]) {
    let mut smallest = usize::MAX;
    let mut lines = Vec::new();
    let mut at_line_start = true;
    for (index, token) in tokens.iter().enumerate() {
        if std::mem::take(&mut at_line_start) {
            match token {
                Token::Text(text) if text.trim_start().is_empty() && text.ends_with('\n') => {}
                Token::Text(text) => {
                    let indentation = text.chars().take_while(|ch| ch.is_whitespace()).count();
                    smallest = smallest.min(indentation);
                    lines.push(index);
                }
                Token::Sequence(_) => smallest = 0,
            }
        }
        if let Token::Text(text) = token {
            at_line_start = text.ends_with('\n');
        }
    }
    for index in lines {
        if let Some(Token::Text(text)) = tokens.get_mut(index) {
            *text = text.chars().skip(smallest).collect();
        }
    }
}

fn build(lowering: &mut Lowering<'_, '_>, nodes: Vec<Node<'_>>, tokens: &[Token]) -> Vec<TemplatePart> {
    let mut parts = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node {
            Node::Text(range) => {
                let texts = tokens.get(range).unwrap_or_default().iter().map(|token| match token {
                    Token::Text(text) => text.as_str(),
                    Token::Sequence(_) => "",
                });
                let text: String = texts.collect();
                if !text.is_empty() {
                    parts.push(TemplatePart::Literal(lowering.share(&text)));
                }
            }
            Node::Interpolation(expr) => parts.push(TemplatePart::Interpolation(lowering.expr(expr))),
            Node::If { condition, then, otherwise } => parts.push(TemplatePart::If {
                condition: lowering.expr(condition),
                then: build(lowering, then, tokens),
                otherwise: build(lowering, otherwise, tokens),
            }),
            Node::For { key, value, collection, body } => parts.push(TemplatePart::For {
                key,
                value,
                collection: lowering.expr(collection),
                body: build(lowering, body, tokens),
            }),
        }
    }
    parts
}

/// `$${` and `%%{` to `${` and `%{`.
fn unescape_markers(source: &str) -> String {
    match source.contains("$${") || source.contains("%%{") {
        true => source.replace("$${", "${").replace("%%{", "%{"),
        false => source.to_owned(),
    }
}

/// The text that the inside of quotes means; the place of the first mistake if there is one.
pub(super) fn unescape(source: &str) -> Result<String, usize> {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(ch) = rest.chars().next() {
        let at = source.len() - rest.len();
        if let Some(after) = rest.strip_prefix("$${") {
            text.push_str("${");
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("%%{") {
            text.push_str("%{");
            rest = after;
            continue;
        }
        rest = rest.get(ch.len_utf8()..).unwrap_or_default();
        match ch {
            '"' => return Err(at),
            '\\' => {
                let escape = rest.chars().next().ok_or(at)?;
                rest = rest.get(escape.len_utf8()..).unwrap_or_default();
                let plain = match escape {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    '\\' | '"' => escape,
                    'u' | 'U' => {
                        let length = if escape == 'u' { 4 } else { 8 };
                        let digits = rest.get(..length).ok_or(at)?;
                        rest = rest.get(length..).unwrap_or_default();
                        u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).ok_or(at)?
                    }
                    _ => return Err(at),
                };
                text.push(plain);
            }
            _ => text.push(ch),
        }
    }
    Ok(text)
}
