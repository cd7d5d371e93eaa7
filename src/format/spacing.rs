//! Whether a blank stands between two tokens of a line. It knows nothing of columns.

use super::token::{Kind, Token};

/// Whether a blank stands between `token` and the `next`; `before` is what precedes `token` in its cell.
pub(super) fn blank_after(before: Option<&Token<'_>>, token: &Token<'_>, next: &Token<'_>) -> bool {
    use Kind::{
        Bang, CloseBrace, CloseHeredoc, CloseQuote, CloseTemplate, Comma, Dot, DoubleColon, Ellipsis, Ident,
        Minus, Newline, Number, OpenBrace, OpenBracket, OpenDirective, OpenHeredoc, OpenInterpolation,
        OpenParen, OpenQuote, Text,
    };
    match (token.kind, next.kind) {
        (_, Newline) => false,
        // A call, and the parts of a function's name.
        (Ident, OpenParen | DoubleColon) | (DoubleColon, Ident) => false,
        (Dot, _) | (_, Dot | Comma | Ellipsis) => false,
        (Comma, _) => true,
        // White space in texts is theirs.
        (Text | OpenQuote | OpenHeredoc, _) | (_, Text | CloseQuote | CloseHeredoc) => false,
        // `in [` of a loop is no index.
        (Ident, _) if token.text == "in" && before.is_some_and(|before| before.kind == Ident) => true,
        (Ident | Number, OpenBracket) => false,
        (_, OpenBracket) if token.opens() < 0 => false,
        (Bang, _) => false,
        (Minus, _) => !is_sign(before),
        (OpenBrace, CloseBrace) => false,
        (OpenBrace, _) | (_, CloseBrace) => true,
        (OpenInterpolation | OpenDirective, OpenBrace) | (CloseBrace, CloseTemplate) => true,
        (CloseTemplate, OpenInterpolation | OpenDirective) => false,
        _ => token.opens() <= 0 && next.opens() >= 0,
    }
}

/// Whether a minus after `before` is a sign and no subtraction.
fn is_sign(before: Option<&Token<'_>>) -> bool {
    before.is_none_or(|before| {
        matches!(
            before.kind,
            Kind::OpenParen
                | Kind::OpenBrace
                | Kind::OpenBracket
                | Kind::Equal
                | Kind::Comma
                | Kind::Operator
                | Kind::Minus
                | Kind::Bang
        )
    })
}
