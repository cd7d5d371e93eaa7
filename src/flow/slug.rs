//! Slugs as the original makes them: ASCII, lower case, words joined by `-` (semantics 2.3, 4 and 5).

mod signs;

use deunicode::deunicode_char;

/// The slug of `text`: transliterated, entities decoded, apostrophes and every run of other characters one `-`,
/// commas between digits dropped. It may be empty.
pub fn slugify(text: &str) -> String {
    joined(&plain(text).to_lowercase(), |c| c.is_ascii_alphanumeric())
}

/// A name that a container engine takes, at most 250 long: case, `_` and `.` stay, and nothing but a letter or a digit
/// comes first. It may be empty.
pub fn container_name(text: &str) -> String {
    let name = joined(&plain(text), |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    let cut: String = name.chars().take(250).collect();
    cut.trim_matches('-').trim_start_matches(['_', '-', '.']).to_owned()
}

/// `text` transliterated, with its entities decoded and without apostrophes.
fn plain(text: &str) -> String {
    let mut known = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' => known.push('-'),
            _ if c.is_ascii() => known.push(c),
            _ if is_dropped(c) => {}
            _ if within(c, signs::SEPARATING) => known.push('-'),
            _ => known.push_str(deunicode_char(c).unwrap_or("-")),
        }
    }
    let mut out = String::with_capacity(known.len());
    for c in decode_entities(&known).chars() {
        match deunicode_char(c) {
            _ if c == '\'' => {}
            _ if c.is_ascii() => out.push(c),
            // What decoding brings beyond ASCII is taken apart, and a letter's accent is no letter.
            Some(letter) if letter.len() == 1 && c.is_alphabetic() => {
                out.push_str(letter);
                out.push('-');
            }
            Some(_) | None => out.push('-'),
        }
    }
    out
}

/// What leaves nothing: every sign beyond the basic plane (pictures among them) does.
fn is_dropped(c: char) -> bool {
    u32::from(c) >= 0x1_0000 || within(c, signs::DROPPED)
}

/// Whether the sorted ranges have the character.
fn within(c: char, ranges: &[(u32, u32)]) -> bool {
    let code = u32::from(c);
    let after = ranges.partition_point(|(first, _)| *first <= code);
    after.checked_sub(1).and_then(|index| ranges.get(index)).is_some_and(|(_, last)| code <= *last)
}

/// The allowed characters of `text`, every run of others one `-`, none at the ends.
fn joined(text: &str, allowed: fn(char) -> bool) -> String {
    let chars: Vec<char> = text.chars().collect();
    let digit =
        |index: Option<usize>| index.and_then(|index| chars.get(index)).is_some_and(char::is_ascii_digit);
    let mut slug = String::with_capacity(text.len());
    let mut pending = false;
    for (index, c) in chars.iter().enumerate() {
        if allowed(*c) {
            if pending && !slug.is_empty() {
                slug.push('-');
            }
            pending = false;
            slug.push(*c);
        } else if !(*c == ',' && digit(index.checked_sub(1)) && digit(index.checked_add(1))) {
            pending = true;
        }
    }
    slug
}

/// The slug cut to at most `max` characters, between words; a first word that is longer is cut inside.
pub fn cut(slug: &str, max: usize) -> String {
    let mut out = String::new();
    for word in slug.split('-').filter(|word| !word.is_empty()) {
        let gap = usize::from(!out.is_empty());
        if out.len().saturating_add(gap).saturating_add(word.len()) > max {
            break;
        }
        if gap == 1 {
            out.push('-');
        }
        out.push_str(word);
    }
    if out.is_empty() {
        return slug.chars().take(max).collect();
    }
    out
}

/// The entities that names have in practice: numbers, and those that HTML shares with XML, with the hard space.
fn decode_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match after.split_once(';').and_then(|(name, rest)| Some((entity(name)?, rest))) {
            Some((c, after)) => {
                out.push(c);
                rest = after;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    let code = match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "nbsp" => return Some(' '),
        _ => match name.strip_prefix("#x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => name.strip_prefix('#')?.parse().ok()?,
        },
    };
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_those_of_the_original() {
        for (text, expected) in [
            ("My Flow: 1", "my-flow-1"),
            ("Ünïcödé ß", "unicode-ss"),
            ("日本 flow", "ri-ben-flow"),
            ("a_b--c", "a-b-c"),
            ("1,000 x", "1000-x"),
            ("a,b", "a-b"),
            ("&amp; b", "b"),
            ("&#65;b", "ab"),
            ("don't do", "don-t-do"),
            ("C++ & x", "c-x"),
            ("--", ""),
            ("a\u{1f600}b \u{2103}", "ab"),
            ("caf&#233;s", "cafe-s"),
            ("a&#x20ac;b&apos;", "a-b-apos"),
            ("\u{2705} done\u{26a1}", "done"),
            ("\u{df}\n\u{416}\ty", "ss-zh-y"),
            ("\u{221e} loop \u{2605}", "loop"),
            ("x\u{20bf}y", "x-y"),
            ("", ""),
            ("2022-02-23T19:26:00+00:00", "2022-02-23t19-26-00-00-00"),
        ] {
            assert_eq!(slugify(text), expected, "{text}");
        }
    }
}
