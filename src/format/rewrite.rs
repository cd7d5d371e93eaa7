//! Spellings that mean the same as a plainer one, replaced by it: `"${x}"` by `x`, labels without quotes by labels with
//! them, types of variables in quotes by their names. It drops no comment.

use super::token::{Kind, Token};

/// `tokens` with those replaced.
pub(super) fn rewrite<'t>(tokens: &[Token<'t>]) -> Vec<Token<'t>> {
    let mut out = Vec::with_capacity(tokens.len());
    // The kinds of the blocks around.
    let mut blocks: Vec<&str> = Vec::new();
    let mut rest = tokens;
    while let Some((first, after)) = rest.split_first() {
        if first.kind == Kind::CloseBrace {
            blocks.pop();
        }
        if first.kind != Kind::Ident {
            out.push(*first);
            rest = after;
            continue;
        }
        out.push(*first);
        let next = after.iter().find(|token| token.kind != Kind::Comment);
        if next.is_some_and(|token| token.kind == Kind::Equal) {
            let (head, value, tail) = attribute(after);
            out.extend_from_slice(head);
            match blocks.as_slice() {
                ["variable"] if first.text == "type" => type_expression(value, &mut out),
                _ => expression(value, &mut out),
            }
            rest = tail;
        } else {
            blocks.push(first.text);
            let (labels, tail) = split_after(after, |token| token.kind == Kind::OpenBrace);
            header(labels, &mut out);
            rest = tail;
        }
    }
    out
}

/// The tokens up to and with the first that `is_last` holds for, and the others.
fn split_after<'a, 't>(
    tokens: &'a [Token<'t>],
    is_last: impl FnMut(&Token<'t>) -> bool,
) -> (&'a [Token<'t>], &'a [Token<'t>]) {
    let end = tokens.iter().position(is_last).map_or(tokens.len(), |at| at + 1);
    tokens.split_at_checked(end).unwrap_or((tokens, &[]))
}

/// What follows the name of an attribute: all before its value, the value, and what comes after.
fn attribute<'a, 't>(tokens: &'a [Token<'t>]) -> (&'a [Token<'t>], &'a [Token<'t>], &'a [Token<'t>]) {
    let equal = tokens.iter().position(|token| token.kind == Kind::Equal).map_or(tokens.len(), |at| at + 1);
    let is_comment = |token: &&Token<'_>| token.kind == Kind::Comment;
    let leading = tokens.iter().skip(equal).take_while(is_comment).count();
    let start = (equal + leading).min(tokens.len());
    let mut depth = 0_i64;
    let mut end = tokens.len();
    for (index, token) in tokens.iter().enumerate().skip(start) {
        if depth == 0 && (token.ends_line() || token.kind == Kind::CloseBrace) {
            end = index;
            break;
        }
        depth += token.opens();
    }
    let value = tokens.get(start..end).unwrap_or_default();
    end -= value.iter().rev().take_while(is_comment).count();
    (
        tokens.get(..start).unwrap_or_default(),
        tokens.get(start..end).unwrap_or_default(),
        tokens.get(end..).unwrap_or_default(),
    )
}

/// A label without quotes gets them.
fn header<'t>(tokens: &[Token<'t>], out: &mut Vec<Token<'t>>) {
    for token in tokens {
        match token.kind {
            Kind::Ident => {
                out.push(made(Kind::OpenQuote, "\""));
                out.push(Token { kind: Kind::Text, ..*token });
                out.push(made(Kind::CloseQuote, "\""));
            }
            _ => out.push(*token),
        }
    }
}

fn made(kind: Kind, text: &'static str) -> Token<'static> {
    Token { kind, text, spaces: 0 }
}

/// `"${x}"` becomes `x`, in parentheses where it takes several lines.
fn expression<'t>(tokens: &[Token<'t>], out: &mut Vec<Token<'t>>) {
    let Some(inside) = interpolation(tokens) else {
        out.extend_from_slice(tokens);
        return;
    };
    let is_newline = |token: &&Token<'_>| token.kind == Kind::Newline;
    let start = inside.iter().take_while(is_newline).count();
    let end = inside.len() - inside.iter().rev().take_while(is_newline).count();
    let trimmed = inside.get(start..end).unwrap_or_default();
    if needs_parentheses(trimmed) {
        out.push(made(Kind::OpenParen, "("));
        out.extend_from_slice(trimmed);
        out.push(made(Kind::CloseParen, ")"));
    } else {
        out.extend_from_slice(trimmed);
    }
}

/// The inside of a quoted template that is one interpolation and nothing else.
fn interpolation<'a, 't>(tokens: &'a [Token<'t>]) -> Option<&'a [Token<'t>]> {
    let [open, start, inside @ .., end, close] = tokens else { return None };
    let whole = open.kind == Kind::OpenQuote
        && start.kind == Kind::OpenInterpolation
        && end.kind == Kind::CloseTemplate
        && close.kind == Kind::CloseQuote;
    if !whole || inside.iter().all(|token| matches!(token.kind, Kind::Newline | Kind::Comment)) {
        return None;
    }
    let mut quotes = 0_i64;
    for token in inside {
        match token.kind {
            Kind::OpenQuote => quotes += 1,
            Kind::CloseQuote => quotes -= 1,
            // The interpolation ends before the quotes do.
            Kind::OpenInterpolation | Kind::CloseTemplate | Kind::Text if quotes <= 0 => return None,
            _ => {}
        }
    }
    Some(inside)
}

/// Whether a value ends too early without parentheses. A line that ends in brackets need not be one of those, but
/// terraform adds them there too.
fn needs_parentheses(tokens: &[Token<'_>]) -> bool {
    let mut depth = 0;
    let several_lines = tokens.iter().any(|token| {
        depth += token.opens();
        token.kind == Kind::Newline || (depth == 0 && token.ends_line())
    });
    several_lines && !in_parentheses(tokens)
}

/// Whether the first token is a parenthesis that the last one closes.
fn in_parentheses(tokens: &[Token<'_>]) -> bool {
    let mut depth = 0;
    let closes = tokens.iter().position(|token| {
        depth += token.opens();
        depth == 0
    });
    tokens.first().is_some_and(|token| token.kind == Kind::OpenParen) && closes == tokens.len().checked_sub(1)
}

/// `"string"` becomes `string`, and a collection without its element type gets one.
fn type_expression<'t>(tokens: &[Token<'t>], out: &mut Vec<Token<'t>>) {
    let (name, element) = match tokens {
        [name] if name.kind == Kind::Ident && matches!(name.text, "list" | "map" | "set") => {
            (*name, Some("any"))
        }
        [open, text, close]
            if (open.kind, text.kind, close.kind) == (Kind::OpenQuote, Kind::Text, Kind::CloseQuote)
                && matches!(text.text, "string" | "list" | "map") =>
        {
            (Token { kind: Kind::Ident, ..*text }, (text.text != "string").then_some("string"))
        }
        _ => {
            out.extend_from_slice(tokens);
            return;
        }
    };
    out.push(name);
    if let Some(element) = element {
        out.push(made(Kind::OpenParen, "("));
        out.push(made(Kind::Ident, element));
        out.push(made(Kind::CloseParen, ")"));
    }
}
