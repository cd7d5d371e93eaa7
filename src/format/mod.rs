//! The one style of configuration files: Terraform's. It moves white space and rewrites three spellings that mean the
//! same; it touches no comment and no value, and refuses text that does not parse.

mod layout;
mod rewrite;
mod spacing;
#[cfg(test)]
mod tests;
mod token;

use crate::diag::Diagnostics;
use crate::source::FileId;
use crate::syntax;

/// The text in the one style. Formatting what is formatted changes nothing, and the meaning is that of `text`.
///
/// A byte-order mark is dropped; line ends stay as they are. `file` is for the places of diagnostics, whose text comes
/// without the byte-order mark.
///
/// # Errors
/// `None` when the text does not parse: what is wrong is in `diags`, and a layout would be a guess.
pub fn format(file: FileId, text: &str, diags: &mut Diagnostics) -> Option<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Diagnostics::new();
    syntax::parse(file, text, &mut found);
    let refused = found.has_errors();
    diags.extend(found);
    if refused {
        return None;
    }
    let mut tokens = rewrite::rewrite(&token::tokens(text));
    layout::lay_out(&mut tokens);
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for token in &tokens {
        out.extend(std::iter::repeat_n(' ', token.spaces));
        out.push_str(token.text);
    }
    Some(out)
}
