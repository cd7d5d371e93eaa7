//! The parser's tree to ours: literals folded, names shared, numbers exact, duplicates refused. It keeps nothing of
//! white space and comments, and it evaluates nothing.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{
    BinaryOperator, Expression, ForExpr, FuncCall, Object, ObjectKey, TraversalOperator, UnaryOperator,
};
use hcl_edit::structure::{BlockLabel, Body as ParsedBody, Structure};

use super::ast::{
    Attribute, Binary, BinaryOp, Block, Body, Call, Conditional, Expr, ExprKind, For, Name, ObjectItem, Step,
    StepKind, Traversal, UnaryOp,
};
use super::heredoc::{self, Form};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{FileId, Span};
use crate::value::{Kind, Number, Value};

/// Texts longer than this are not shared: they are hardly ever equal.
const SHARED_BYTES: usize = 64;

/// What lowering the pieces of one file needs.
pub(super) struct Lowering<'t, 'd> {
    file: FileId,
    text: &'t str,
    /// Where the current piece starts.
    base: usize,
    names: HashSet<Arc<str>>,
    diags: &'d mut Diagnostics,
    errors: usize,
}

impl<'t, 'd> Lowering<'t, 'd> {
    pub(super) fn new(file: FileId, text: &'t str, diags: &'d mut Diagnostics) -> Self {
        Self { file, text, base: 0, names: HashSet::new(), diags, errors: 0 }
    }

    pub(super) fn file(&self) -> FileId {
        self.file
    }

    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// How many errors were pushed here.
    pub(super) fn error_count(&self) -> usize {
        self.errors
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.errors += 1;
        self.diags.push(diagnostic);
    }

    /// Lowers the items of `body`, parsed from the text that starts at `base`, and adds them to `out`.
    pub(super) fn lower_into(&mut self, out: &mut Body, body: &ParsedBody, base: usize) {
        self.base = base;
        self.body_into(out, body);
    }

    /// Lowers one expression, parsed from the text that starts at `base`.
    pub(super) fn lower_expr(&mut self, expr: &Expression, base: usize) -> Expr {
        self.base = base;
        self.expr(expr)
    }

    fn body_into(&mut self, out: &mut Body, body: &ParsedBody) {
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    let name = self.name(attribute.key.span());
                    let expr = self.expr(&attribute.value);
                    out.attributes.push(Attribute { name, expr });
                }
                Structure::Block(block) => {
                    let kind = self.name(block.ident.span());
                    let labels: Vec<Name> = block.labels.iter().map(|label| self.label(label)).collect();
                    let mut body = Body::default();
                    self.body_into(&mut body, &block.body);
                    self.refuse_duplicates(&mut body);
                    let header = labels.last().map_or(kind.span, |label| kind.span.to(label.span));
                    out.blocks.push(Block { kind, labels, body, header });
                }
            }
        }
    }

    /// Reports arguments that are given more than once, and keeps the first.
    pub(super) fn refuse_duplicates(&mut self, body: &mut Body) {
        let mut seen: HashMap<Arc<str>, Span> = HashMap::new();
        let mut found = Vec::new();
        body.attributes.retain(|attribute| match seen.get(&attribute.name.text) {
            Some(first) => {
                found.push((attribute.name.clone(), *first));
                false
            }
            None => {
                seen.insert(attribute.name.text.clone(), attribute.name.span);
                true
            }
        });
        for (name, first) in found {
            let detail = format!("The argument `{}` is set twice here; each may be set once.", name.text);
            self.push(
                Diagnostic::error("Duplicate argument", detail)
                    .at(name.span)
                    .related(first, "first set here")
                    .help("remove one of them"),
            );
        }
    }

    /// The place in the file of a range of the piece.
    pub(super) fn span(&self, range: Option<Range<usize>>) -> Span {
        let range = range.unwrap_or(0..0);
        Span::new(self.file, self.base + range.start, self.base + range.end)
    }

    /// The text of a place. It is taken from the file and not from the tree: the parser may have been shown other
    /// letters (see `scan`).
    pub(super) fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    fn name(&mut self, range: Option<Range<usize>>) -> Name {
        let span = self.span(range);
        Name { text: self.share(self.slice(span)), span }
    }

    fn label(&mut self, label: &BlockLabel) -> Name {
        match label {
            BlockLabel::Ident(name) => self.name(name.span()),
            BlockLabel::String(text) => {
                let span = self.span(text.span());
                Name { text: self.quoted(span), span }
            }
        }
    }

    /// The same text, held once.
    pub(super) fn share(&mut self, text: &str) -> Arc<str> {
        if text.len() > SHARED_BYTES {
            return text.into();
        }
        if let Some(shared) = self.names.get(text) {
            return shared.clone();
        }
        let shared: Arc<str> = text.into();
        self.names.insert(shared.clone());
        shared
    }

    /// The text of a quoted string without templates.
    fn quoted(&mut self, span: Span) -> Arc<str> {
        let source = self.slice(span);
        // An empty heredoc is shown to the parser as an empty string.
        let inside = source.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default();
        match inside.contains(['\\', '$', '%']) {
            true => match heredoc::unescape(inside) {
                Ok(text) => self.share(&text),
                Err(_) => self.share(inside),
            },
            false => self.share(inside),
        }
    }

    pub(super) fn expr(&mut self, expr: &Expression) -> Expr {
        let span = self.span(expr.span());
        let kind = match expr {
            Expression::Null(_) => ExprKind::Literal(Value::NULL),
            Expression::Bool(value) => ExprKind::Literal(Value::bool(**value)),
            Expression::Number(_) => self.number(span),
            Expression::String(_) => ExprKind::Literal(Value::string(self.quoted(span))),
            Expression::Array(items) => {
                let items: Vec<Expr> = items.iter().map(|item| self.expr(item)).collect();
                match items.iter().all(|item| matches!(item.kind, ExprKind::Literal(_))) {
                    true => ExprKind::Literal(Value::tuple(items.into_iter().filter_map(into_literal))),
                    false => ExprKind::Tuple(items),
                }
            }
            Expression::Object(object) => self.object(object),
            Expression::StringTemplate(template) => heredoc::lower(self, template, Form::Quoted),
            Expression::HeredocTemplate(heredoc) => {
                let form = match self.slice(span).starts_with("<<-") {
                    true => Form::Dedented,
                    false => Form::Heredoc,
                };
                heredoc::lower(self, &heredoc.template, form)
            }
            Expression::Parenthesis(inner) => ExprKind::Parenthesis(Box::new(self.expr(inner.inner()))),
            Expression::Variable(_) => ExprKind::Variable(self.share(self.slice(span))),
            Expression::Conditional(conditional) => ExprKind::Conditional(Box::new(Conditional {
                condition: self.expr(&conditional.cond_expr),
                then: self.expr(&conditional.true_expr),
                otherwise: self.expr(&conditional.false_expr),
            })),
            Expression::FuncCall(call) => self.call(call),
            Expression::Traversal(traversal) => {
                let base = self.expr(&traversal.expr);
                let steps = traversal.operators.iter().map(|operator| self.step(operator)).collect();
                ExprKind::Traversal(Box::new(Traversal { base, steps }))
            }
            Expression::UnaryOp(operation) => {
                let operator = match *operation.operator {
                    UnaryOperator::Neg => UnaryOp::Neg,
                    UnaryOperator::Not => UnaryOp::Not,
                };
                ExprKind::Unary(operator, Box::new(self.expr(&operation.expr)))
            }
            Expression::BinaryOp(operation) => {
                let op_span = self.span(operation.operator.span());
                let left = self.expr(&operation.lhs_expr);
                let right = self.expr(&operation.rhs_expr);
                ExprKind::Binary(Box::new(Binary {
                    op: binary_op(*operation.operator),
                    op_span,
                    left,
                    right,
                }))
            }
            Expression::ForExpr(expr) => self.for_expr(expr),
        };
        Expr { kind, span }
    }

    fn number(&mut self, span: Span) -> ExprKind {
        // Between a minus sign and its number there may be blanks and comments.
        let text = self.slice(span);
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => ("-", rest.get(rest.rfind([' ', '\t', '/']).map_or(0, |at| at + 1)..)),
            None => ("", Some(text)),
        };
        match Number::parse(&format!("{sign}{}", digits.unwrap_or_default())) {
            Some(number) => ExprKind::Literal(Kind::Number(number).into()),
            None => {
                let detail = "This number is too large, or has too many digits, to be held exactly.";
                self.push(Diagnostic::error("Invalid number", detail).at(span));
                ExprKind::Literal(Value::unknown(crate::value::Type::Number))
            }
        }
    }

    fn object(&mut self, object: &Object) -> ExprKind {
        let mut items: Vec<ObjectItem> = Vec::with_capacity(object.len());
        let mut seen: HashMap<Arc<str>, Span> = HashMap::with_capacity(object.len());
        for (key, value) in object {
            let key = self.object_key(key);
            if let ExprKind::Literal(Value { kind: Kind::String(text), .. }) = &key.kind {
                if let Some(first) = seen.get(text) {
                    let detail =
                        format!("The key `{text}` is given twice in this object; each may be given once.");
                    let diagnostic = Diagnostic::error("Duplicate object key", detail)
                        .at(key.span)
                        .related(*first, "first given here")
                        .help("remove one of them");
                    self.push(diagnostic);
                    continue;
                }
                seen.insert(text.clone(), key.span);
            }
            items.push(ObjectItem { key, value: self.expr(value.expr()) });
        }
        // Only an empty object is folded: diagnostics point into the others.
        match items.is_empty() {
            true => ExprKind::Literal(Value::object::<Arc<str>>([])),
            false => ExprKind::Object(items),
        }
    }

    fn object_key(&mut self, key: &ObjectKey) -> Expr {
        let expr = match key {
            ObjectKey::Ident(name) => {
                let Name { text, span } = self.name(name.span());
                return Expr { kind: ExprKind::Literal(Value::string(text)), span };
            }
            ObjectKey::Expression(expr) => expr,
        };
        let span = self.span(expr.span());
        match expr {
            // A bare word is the name of the attribute, also when it is a keyword; a number is its text.
            Expression::Null(_) | Expression::Bool(_) => {
                let text = self.share(self.slice(span));
                Expr { kind: ExprKind::Literal(Value::string(text)), span }
            }
            Expression::Number(_) => match self.number(span) {
                ExprKind::Literal(Value { kind: Kind::Number(number), .. }) => {
                    let text = self.share(&number.to_string());
                    Expr { kind: ExprKind::Literal(Value::string(text)), span }
                }
                kind => Expr { kind, span },
            },
            Expression::Traversal(_) => {
                let detail = "A key that is a reference looks like a nested name; which of them is meant is not clear.";
                let diagnostic = Diagnostic::error("Ambiguous object key", detail)
                    .at(span)
                    .help("write `(reference)` for its value, or quote the key");
                self.push(diagnostic);
                self.expr(expr)
            }
            _ => self.expr(expr),
        }
    }

    fn call(&mut self, call: &FuncCall) -> ExprKind {
        let last = self.span(call.name.name.span());
        let first = call.name.namespace.first().map_or(last, |name| self.span(name.span()));
        let mut text = String::new();
        for part in &call.name.namespace {
            text.push_str(part.as_str());
            text.push_str("::");
        }
        text.push_str(call.name.name.as_str());
        let name = Name { text: self.share(&text), span: first.to(last) };
        let args = call.args.iter().map(|arg| self.expr(arg)).collect();
        ExprKind::Call(Box::new(Call { name, args, expand_final: call.args.expand_final() }))
    }

    fn step(&mut self, operator: &hcl_edit::Decorated<TraversalOperator>) -> Step {
        let span = self.span(operator.span());
        let kind = match &**operator {
            TraversalOperator::AttrSplat(_) => StepKind::AttrSplat,
            TraversalOperator::FullSplat(_) => StepKind::FullSplat,
            TraversalOperator::GetAttr(name) => StepKind::Attr(self.share(name.as_str())),
            TraversalOperator::Index(expr) => StepKind::Index(self.expr(expr)),
            TraversalOperator::LegacyIndex(index) => StepKind::LegacyIndex(**index),
        };
        Step { kind, span }
    }

    fn for_expr(&mut self, expr: &ForExpr) -> ExprKind {
        ExprKind::For(Box::new(For {
            key_var: expr.intro.key_var.as_ref().map(|name| self.name(name.span())),
            value_var: self.name(expr.intro.value_var.span()),
            collection: self.expr(&expr.intro.collection_expr),
            key: expr.key_expr.as_ref().map(|key| self.expr(key)),
            value: self.expr(&expr.value_expr),
            grouping: expr.grouping,
            condition: expr.cond.as_ref().map(|condition| self.expr(&condition.expr)),
        }))
    }
}

fn into_literal(expr: Expr) -> Option<Value> {
    match expr.kind {
        ExprKind::Literal(value) => Some(value),
        _ => None,
    }
}

fn binary_op(operator: BinaryOperator) -> BinaryOp {
    match operator {
        BinaryOperator::Eq => BinaryOp::Eq,
        BinaryOperator::NotEq => BinaryOp::NotEq,
        BinaryOperator::LessEq => BinaryOp::LessEq,
        BinaryOperator::GreaterEq => BinaryOp::GreaterEq,
        BinaryOperator::Less => BinaryOp::Less,
        BinaryOperator::Greater => BinaryOp::Greater,
        BinaryOperator::Plus => BinaryOp::Add,
        BinaryOperator::Minus => BinaryOp::Sub,
        BinaryOperator::Mul => BinaryOp::Mul,
        BinaryOperator::Div => BinaryOp::Div,
        BinaryOperator::Mod => BinaryOp::Mod,
        BinaryOperator::And => BinaryOp::And,
        BinaryOperator::Or => BinaryOp::Or,
    }
}
