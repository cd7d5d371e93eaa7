//! Where a template is: paths as the original splits and reads them (semantics 0.3). It reads nothing itself: what is
//! at a place is asked of the caller.

use serde_json::Value as Json;

use super::original::{ErrorClass, OriginalError};
use super::yaml;

/// A path, split like a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// In lower case; no scheme and `local` are `file`.
    pub scheme: String,
    /// The host part, or the bucket.
    pub host: String,
    /// Without what follows `?` or `#`.
    pub path: String,
}

/// A place from which an agent reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// A file, by the path as the reading process opens it: a relative one is against its working directory.
    File(&'a str),
    /// An object of S3.
    S3 {
        /// Its bucket.
        bucket: &'a str,
        /// Its key, without leading slashes.
        key: &'a str,
    },
    /// An object of Google Cloud Storage.
    Gcs {
        /// Its bucket.
        bucket: &'a str,
        /// Its name, without leading slashes.
        key: &'a str,
    },
    /// A whole URL. What its server answers is taken whatever the status is.
    Http(&'a str),
}

/// Says what is at a place: `None` where nothing is. An error is handed on as it is.
pub type Read<'a> = dyn Fn(&Place<'_>) -> Result<Option<String>, OriginalError> + 'a;

/// Splits `path`.
///
/// # Errors
/// `ValueError` for a host part with one square bracket.
pub fn parse(path: &str) -> Result<Location, OriginalError> {
    let control_or_space = |c: char| c <= ' ';
    let url: String = path.trim_start_matches(control_or_space).replace(['\t', '\r', '\n'], "");
    let (scheme, rest) = match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        _ => (String::new(), url.as_str()),
    };
    let (host, rest) = match rest.strip_prefix("//") {
        None => ("", rest),
        Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
    };
    if host.contains('[') != host.contains(']') {
        return Err(OriginalError::value_error("Invalid IPv6 URL"));
    }
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
    // The parameters of the last segment are cut off too, for these schemes.
    let rest = if matches!(scheme.as_str(), "" | "http" | "https" | "ftp" | "sftp") {
        let last = rest.rfind('/').unwrap_or(0);
        match rest.get(last..).and_then(|segment| segment.find(';')) {
            Some(at) => rest.get(..last.saturating_add(at)).unwrap_or(rest),
            None => rest,
        }
    } else {
        rest
    };
    let scheme = if matches!(scheme.as_str(), "" | "local") { "file".to_owned() } else { scheme };
    Ok(Location { scheme, host: host.to_owned(), path: rest.to_owned() })
}

/// The text at `path`, read where the agent runs: `file` and `agent` are its own disk.
///
/// # Errors
/// `ValueError` for a scheme that is not known and for an object that Google Cloud Storage does not have,
/// `FileNotFoundError` for a file, `ClientError` for an object of S3 and a server that does not answer; what `read` says.
pub fn read_text(path: &str, read: &Read<'_>) -> Result<String, OriginalError> {
    let location = parse(path)?;
    let bucket = location.host.as_str();
    let key = location.path.trim_start_matches('/');
    let (place, missing) = match location.scheme.as_str() {
        "file" | "agent" => (Place::File(&location.path), OriginalError::file_not_found(&location.path)),
        "http" | "https" => {
            let message = format!("no answer from {path}");
            (Place::Http(path), OriginalError::new(ErrorClass::ClientError, message))
        }
        "gcs" | "gs" => {
            let message = format!("Job template doesn't exist at {path}");
            (Place::Gcs { bucket, key }, OriginalError::value_error(message))
        }
        "s3" => {
            let message = "An error occurred (404) when calling the HeadObject operation: Not Found";
            (Place::S3 { bucket, key }, OriginalError::new(ErrorClass::ClientError, message))
        }
        _ => return Err(OriginalError::value_error(format!("Unsupported file scheme {path}"))),
    };
    read(&place)?.ok_or(missing)
}

/// The document at `path`: YAML, of which JSON is a part; an empty file is null.
///
/// # Errors
/// Those of [`read_text`] and of [`yaml::load`].
pub fn read_document(path: &str, read: &Read<'_>) -> Result<Json, OriginalError> {
    yaml::load(&read_text(path, read)?, path)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn paths_are_split_like_urls() {
        for (path, scheme, host, rest) in [
            ("td.yaml", "file", "", "td.yaml"),
            ("/a/td.yaml", "file", "", "/a/td.yaml"),
            ("./a:b.yaml", "file", "", "./a:b.yaml"),
            ("local:///a", "file", "", "/a"),
            ("FILE://host/x#y", "file", "host", "/x"),
            ("file://x.yaml", "file", "x.yaml", ""),
            ("agent:///p?q", "agent", "", "/p"),
            ("S3://Bucket//k/x", "s3", "Bucket", "//k/x"),
            ("gs://b", "gs", "b", ""),
            ("a;b/c;d", "file", "", "a;b/c"),
            ("s3://b/c;d", "s3", "b", "/c;d"),
            ("C:\\x", "c", "", "\\x"),
            ("1s3://b/k", "file", "", "1s3://b/k"),
            (" x y\t", "file", "", "x y"),
            ("", "file", "", ""),
        ] {
            let expected = Location { scheme: scheme.into(), host: host.into(), path: rest.into() };
            assert_eq!(parse(path).unwrap(), expected, "{path}");
        }
        assert_eq!(parse("http://[::1/x").unwrap_err().message, "Invalid IPv6 URL");
    }

    #[test]
    fn each_scheme_is_read_where_it_says() {
        let read = |place: &Place<'_>| -> Result<Option<String>, OriginalError> {
            Ok(match place {
                Place::File("/p") | Place::Http("https://h/t?x=1") => Some("a: 1".to_owned()),
                Place::S3 { bucket: "b", key: "k" } => Some("a: 2".to_owned()),
                Place::Gcs { bucket: "b", key: "k" } => Some(String::new()),
                _ => None,
            })
        };
        let text = |path: &str| match read_document(path, &read) {
            Ok(json) => json.to_string(),
            Err(error) => error.to_string(),
        };
        for (path, expected) in [
            ("/p", "{\"a\":1}"),
            ("agent:///p", "{\"a\":1}"),
            ("https://h/t?x=1", "{\"a\":1}"),
            ("s3://b/k", "{\"a\":2}"),
            ("gs://b//k", "null"),
            ("agent://p", "FileNotFoundError: [Errno 2] No such file or directory: ''"),
            ("gcs://b/no", "ValueError: Job template doesn't exist at gcs://b/no"),
            ("ftp://h/t", "ValueError: Unsupported file scheme ftp://h/t"),
        ] {
            assert_eq!(text(path), expected, "{path}");
        }
    }
}
