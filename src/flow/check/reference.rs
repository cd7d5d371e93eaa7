//! The names of images: what container engines read as one (the distribution project's grammar of references). It asks no
//! registry, and does not judge tags.

use crate::address::PathStep;
use crate::flow::definition::Problem;
use crate::value::Value;

/// The longest tag.
const LONGEST_TAG: usize = 128;

/// The problem of a text that no engine reads as the name of an image; none for what is not known, not given or no text.
pub(super) fn check(image: &Value, place: Vec<PathStep>) -> Option<Problem> {
    let text = image.as_str().filter(|text| !text.is_empty())?;
    let (what, help) = mistake(text)?;
    Some(Problem::error(place, "Unsuitable image", what).help(help))
}

/// What is wrong with a name, and the fix.
fn mistake(text: &str) -> Option<(&'static str, &'static str)> {
    const FORM: &str = "write `registry/repository/image:tag`";
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Some(("The name of an image holds no blanks and no control characters.", FORM));
    }
    if text.contains("://") {
        return Some(("The name of an image begins with its registry, without a scheme.", FORM));
    }
    let (named, digest) = text.split_once('@').map_or((text, None), |(named, digest)| (named, Some(digest)));
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return Some(("What follows `@` is no digest.", "write `image@sha256:` and 64 hexadecimal digits"));
    }
    let (registry, rest) = match named.split_once('/') {
        Some((first, rest)) if is_registry(first) => (Some(first), rest),
        Some(_) | None => (None, named),
    };
    if registry.is_some_and(|registry| !fits_registry(registry)) {
        return Some(("The name does not begin with a registry: `host`, or `host:port`.", FORM));
    }
    let (path, tag) = rest.split_once(':').map_or((rest, None), |(path, tag)| (path, Some(tag)));
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Some((
            "What follows the name is no tag: letters, digits, `_`, `.` and `-`, up to 128 of them.",
            "write one tag: `image:tag`",
        ));
    }
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some((
            "The name of a repository is in lower case, and every engine refuses capital letters.",
            FORM,
        ));
    }
    (!path.split('/').all(is_component)).then_some((
        "The name of a repository consists of letters, digits, and `.`, `_`, `-` between them, in parts with `/` between.",
        FORM,
    ))
}

/// Whether the first part names a registry and not a part of the repository.
fn is_registry(part: &str) -> bool {
    part.contains(['.', ':']) || part == "localhost" || part.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn fits_registry(registry: &str) -> bool {
    // Addresses of version 6 are in brackets.
    if registry.starts_with('[') {
        return registry.contains(']');
    }
    let (host, port) = registry.split_once(':').map_or((registry, "0"), |(host, port)| (host, port));
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    host.split('.').all(is_label) && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Small letters and digits, with `.`, `_`, `__` or hyphens between them.
fn is_component(part: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = part.as_bytes();
    ends(bytes.first())
        && ends(bytes.last())
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        && !["..", "___", "._", "_.", ".-", "-.", "_-", "-_"].iter().any(|pair| part.contains(pair))
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= LONGEST_TAG
        && tag.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hash)| {
        !algorithm.is_empty()
            && algorithm
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'_' | b'-'))
            && !hash.is_empty()
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
