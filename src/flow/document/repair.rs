//! A mistake of the original's own manual whose meaning is plain: the lines of a list's object that are indented deeper
//! than its first one. It makes no other change to a text.

/// The text with the lines of each list member aligned with its first one:
///
/// ```yaml
/// - name: flow
///     image: a/b:1
/// ```
///
/// is no YAML, and `image` can only be meant to stand beside `name`. `None` when there is no such place.
pub fn indentation(text: &str) -> Option<String> {
    // Each line with its depth; blank lines and comments have none.
    let mut lines: Vec<(Option<usize>, &str)> = text.lines().map(depth).collect();
    // Inside a text of several lines nothing is a list. Such a text is not taken apart here, so one anywhere ends the repair.
    if lines.iter().any(|(_, content)| opens_text(content)) {
        return None;
    }
    let mut changed = false;
    for first in 0..lines.len() {
        let Some((Some(dash), content)) = lines.get(first).copied() else { continue };
        let Some(inner) = content.strip_prefix("- ").map(str::trim_start) else { continue };
        // Only a pair whose value is on its line cannot have anything deeper below it.
        if inner.starts_with(['{', '[', '-'])
            || inner.split_once(": ").is_none_or(|(_, value)| !is_scalar(value))
        {
            continue;
        }
        let wanted = dash + content.len() - inner.len();
        let rest = lines.get_mut(first + 1..).unwrap_or_default();
        let end =
            rest.iter().position(|(depth, _)| depth.is_some_and(|depth| depth <= dash)).unwrap_or(rest.len());
        let member = rest.get_mut(..end).unwrap_or_default();
        let Some(found) = member.iter().find_map(|(depth, _)| *depth).filter(|found| *found > wanted) else {
            continue;
        };
        // A line before the wrong depth would end up outside of the member.
        if member.iter().any(|(depth, _)| depth.is_some_and(|depth| depth < found)) {
            continue;
        }
        for depth in member.iter_mut().filter_map(|(depth, _)| depth.as_mut()) {
            *depth = depth.saturating_sub(found - wanted);
        }
        changed = true;
    }
    let join =
        |(depth, content): &(Option<usize>, &str)| format!("{}{content}\n", " ".repeat(depth.unwrap_or(0)));
    changed.then(|| lines.iter().map(join).collect())
}

/// Whether a text of several lines begins on the lines after this one: `key: |`, `- >-`.
fn opens_text(content: &str) -> bool {
    let value = content.split(" #").next().unwrap_or_default().trim_end();
    let last = value.rsplit(' ').next().unwrap_or_default();
    let style = last.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    matches!(style, "|" | ">")
        && (value.len() == last.len() || value.contains(": ") || value.starts_with("- "))
}

fn depth(line: &str) -> (Option<usize>, &str) {
    let content = line.trim_start_matches(' ');
    match content.is_empty() || content.starts_with('#') {
        true => (None, content),
        false => (Some(line.len() - content.len()), content),
    }
}

/// Whether the text is a whole value: neither empty, nor the head of a block, nor open at its end.
fn is_scalar(value: &str) -> bool {
    let value = value.split(" #").next().unwrap_or_default().trim();
    !value.is_empty() && !value.starts_with(['|', '>', '[', '{', '&', '*', '!'])
}
