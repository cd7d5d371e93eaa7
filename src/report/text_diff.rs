//! How a text would change, line by line, as `diff -u` and `git` show it. It computes no layout.

use std::fmt::Write;

use similar::{ChangeTag, TextDiff};

use super::theme::{Role, Theme};

/// Lines shown around each change.
const CONTEXT: usize = 3;

/// The unified diff from `before` to `after`; empty when they are equal.
pub fn unified(name: &str, before: &str, after: &str, theme: Theme) -> String {
    let mut out = String::new();
    let diff = TextDiff::from_lines(before, after);
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        if out.is_empty() {
            let names = format!("--- old/{name}\n+++ new/{name}\n");
            let _ = write!(out, "{}", theme.paint(Role::Strong, names));
        }
        let _ = writeln!(out, "{}", theme.paint(Role::Notice, hunk.header()));
        for change in hunk.iter_changes() {
            let (sign, role) = match change.tag() {
                ChangeTag::Delete => ("-", Some(Role::Remove)),
                ChangeTag::Insert => ("+", Some(Role::Add)),
                ChangeTag::Equal => (" ", None),
            };
            let line = change.value();
            let line = line.strip_suffix('\n').unwrap_or(line);
            let _ = match role {
                Some(role) => writeln!(out, "{}", theme.paint(role, format_args!("{sign}{line}"))),
                None => writeln!(out, "{sign}{line}"),
            };
            if change.missing_newline() {
                out.push_str("\\ No newline at end of file\n");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_shown_with_what_is_around_them() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh";
        let after = "a\nb\nc\nd\nE\nf\ng\nh\n";
        let expected = "--- old/x.hcl\n+++ new/x.hcl\n@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n-h\n\\ No newline at end of file\n+h\n";
        assert_eq!(unified("x.hcl", before, after, Theme::plain()), expected);
        assert_eq!(unified("x.hcl", after, after, Theme::plain()), "");
    }
}
