//! The keys of an object store: what is a key, and how arbitrary text becomes a part of one. Pure.

use crate::{Digest, ErrorKind, ProviderError};

/// The most bytes that a key may have; S3 and Google Cloud Storage agree on this number.
const KEY_BYTES: usize = 1024;

/// The most bytes that one part of a key may have: the limit of a file name.
const PART_BYTES: usize = 255;

/// How many hexadecimal digits of a text's digest a coined part ends in.
const HASH_DIGITS: usize = 16;

/// How many characters of the text a coined part keeps, for people.
const SLUG_CHARS: usize = 60;

/// Refuses (`Invalid`) what every store must refuse as a key: an empty key, an absolute one, empty, `.` or `..`
/// parts, NUL and backslash, and names longer than a file system or a bucket takes.
pub fn check_key(key: &str) -> Result<(), ProviderError> {
    let wrong = |why: &str| {
        Err(ProviderError::new(ErrorKind::Invalid, format!("{key:?} cannot be the key of an object: {why}")))
    };
    if key.len() > KEY_BYTES {
        return wrong("it is longer than 1024 bytes");
    }
    if key.contains(['\0', '\\']) {
        return wrong("it holds a NUL or a backslash");
    }
    for part in key.split('/') {
        match part {
            "" => return wrong("it has an empty part"),
            "." | ".." => return wrong("it has a part that is . or .."),
            part if part.len() > PART_BYTES => return wrong("it has a part longer than 255 bytes"),
            _ => {}
        }
    }
    Ok(())
}

/// The part of a key that stands for arbitrary text, such as a flow's name: the text itself where it is short,
/// lower-case and made of `a-z`, `0-9`, `.`, `_`, `-` (so that people find it, on file systems without case
/// too); otherwise a slug of it, `-`, and 16 digits of its digest. Different texts have different parts.
pub fn key_part(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut slug = String::with_capacity(SLUG_CHARS + 1 + HASH_DIGITS);
    for c in text.chars().take(SLUG_CHARS) {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9' | '_') => slug.push(c),
            // A dot or a dash at the start would make a hidden file, or an option.
            c @ ('.' | '-') if !slug.is_empty() => slug.push(c),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    if !slug.is_empty() && !slug.ends_with('-') {
        slug.push('-');
    }
    if slug.is_empty() {
        // The dash before the digits is what tells a coined part from a plain one.
        slug.push_str("x-");
    }
    slug.extend(Digest::of_bytes(text.as_bytes()).as_str().chars().take(HASH_DIGITS));
    slug
}

fn is_plain(text: &str) -> bool {
    text.len() <= SLUG_CHARS
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
        && !looks_coined(text)
}

/// Whether the text ends as a coined part does; such a text is coined too, so that it meets no other.
fn looks_coined(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(_, tail)| {
        tail.len() == HASH_DIGITS && tail.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_stays_inside() {
        for key in ["a", "a/b.json", "ä/☃", "a b/c", ".hidden", "..."] {
            assert!(check_key(key).is_ok(), "{key}");
        }
        for key in ["", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\\b", "a\0", &"x".repeat(256)] {
            assert_eq!(check_key(key).expect_err(key).kind, ErrorKind::Invalid);
        }
    }

    #[test]
    fn plain_names_stay_and_others_get_a_hash() {
        assert_eq!(key_part("etl-eu_1.x"), "etl-eu_1.x");
        assert_eq!(key_part("6e1c0b52-5a0e-4f6e-9d43-000000000001"), "6e1c0b52-5a0e-4f6e-9d43-000000000001");
        assert_eq!(key_part("Daily ETL"), "daily-etl-a12731b2724c8278");
        assert_eq!(key_part(".."), "x-5ec1f7e700f37c3d");
        // The text that a coined part is made of is never kept as it is.
        assert_ne!(key_part(&key_part("Daily ETL")), key_part("Daily ETL"));
    }

    proptest! {
        #[test]
        fn every_text_makes_a_part_of_its_own(a in "\\PC{0,80}", b in "\\PC{0,80}") {
            prop_assert!(check_key(&key_part(&a)).is_ok());
            prop_assert!(!key_part(&a).contains('/') && !key_part(&a).starts_with('.'));
            prop_assert_eq!(a == b, key_part(&a) == key_part(&b));
        }
    }
}
