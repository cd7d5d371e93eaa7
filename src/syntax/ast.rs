//! The compact tree that a file is lowered to. It owns what it needs, so that the parser's own tree and its
//! white space can be dropped file by file.

use std::sync::Arc;

use crate::source::Span;
use crate::value::Value;

/// An identifier or label with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The text, without quotes.
    pub text: Arc<str>,
    /// Its place (with quotes, for a quoted label).
    pub span: Span,
}

/// The inside of a file or a block, in source order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// `name = expression`.
    pub attributes: Vec<Attribute>,
    /// Nested blocks.
    pub blocks: Vec<Block>,
}

impl Body {
    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| &*attribute.name.text == name)
    }

    /// The nested blocks of that kind, in source order.
    pub fn blocks_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| &*block.kind.text == kind)
    }
}

/// `name = expression`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The name.
    pub name: Name,
    /// The value.
    pub expr: Expr,
}

/// `kind "label" ... { body }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The kind.
    pub kind: Name,
    /// The labels.
    pub labels: Vec<Name>,
    /// The inside.
    pub body: Body,
    /// From the kind to the last label: what to underline for the block as such.
    pub header: Span,
}

/// An expression with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its place.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A literal; tuples and templates whose parts are all literal, and the empty object, are folded into one.
    Literal(Value),
    /// A bare name: a loop variable, or the start of a reference.
    Variable(Arc<str>),
    /// `base.a["b"][0]`: a base and one or more steps, splats among them.
    Traversal(Box<Traversal>),
    /// `[a, b]`.
    Tuple(Vec<Expr>),
    /// `{ a = 1, (b) = 2 }`.
    Object(Vec<ObjectItem>),
    /// A quoted or heredoc template.
    Template(Vec<TemplatePart>),
    /// `f(a, b...)`.
    Call(Box<Call>),
    /// `-a`, `!a`.
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`.
    Binary(Box<Binary>),
    /// `a ? b : c`.
    Conditional(Box<Conditional>),
    /// `[for ...]`, `{for ...}`.
    For(Box<For>),
    /// `(a)`.
    Parenthesis(Box<Expr>),
}

/// A base and its steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Traversal {
    /// What the steps start from.
    pub base: Expr,
    /// At least one.
    pub steps: Vec<Step>,
}

/// One step of a traversal with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// Its place.
    pub span: Span,
}

/// The forms of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// `.name`.
    Attr(Arc<str>),
    /// `[expression]`; a literal index too.
    Index(Expr),
    /// `.0`.
    LegacyIndex(u64),
    /// `.*`.
    AttrSplat,
    /// `[*]`.
    FullSplat,
}

/// One entry of an object expression.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectItem {
    /// The key: a bare identifier is lowered to a literal text, anything else is an expression.
    pub key: Expr,
    /// The value.
    pub value: Expr,
}

/// One part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum TemplatePart {
    /// Text, escapes and dedent done.
    Literal(Arc<str>),
    /// `${ ... }`.
    Interpolation(Expr),
    /// `%{ if ... } ... %{ else } ... %{ endif }`.
    If {
        /// The condition.
        condition: Expr,
        /// The parts when it holds.
        then: Vec<TemplatePart>,
        /// The parts when it does not.
        otherwise: Vec<TemplatePart>,
    },
    /// `%{ for k, v in ... } ... %{ endfor }`.
    For {
        /// The key variable, when named.
        key: Option<Arc<str>>,
        /// The value variable.
        value: Arc<str>,
        /// What is gone through.
        collection: Expr,
        /// The parts repeated.
        body: Vec<TemplatePart>,
    },
}

/// A function call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The function's name, `::` between its parts when it has several.
    pub name: Name,
    /// The arguments.
    pub args: Vec<Expr>,
    /// Whether the last argument is spread (`...`).
    pub expand_final: bool,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `!`
    Not,
}

/// A binary operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Binary {
    /// The operator.
    pub op: BinaryOp,
    /// Its place.
    pub op_span: Span,
    /// The left operand.
    pub left: Expr,
    /// The right operand.
    pub right: Expr,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the operator of its name")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Eq,
    NotEq,
    Less,
    LessEq,
    Greater,
    GreaterEq,
    And,
    Or,
}

/// `condition ? then : otherwise`.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditional {
    /// The condition.
    pub condition: Expr,
    /// The value when it holds.
    pub then: Expr,
    /// The value when it does not.
    pub otherwise: Expr,
}

/// A `for` expression.
#[derive(Clone, Debug, PartialEq)]
pub struct For {
    /// The key variable, when named.
    pub key_var: Option<Name>,
    /// The value variable.
    pub value_var: Name,
    /// What is gone through.
    pub collection: Expr,
    /// The key of each entry; present makes an object, absent a tuple.
    pub key: Option<Expr>,
    /// The value of each entry.
    pub value: Expr,
    /// Whether values of one key are grouped (`...`).
    pub grouping: bool,
    /// The filter.
    pub condition: Option<Expr>,
}
