//! Absolute paths as POSIX Python makes them. It looks at no disk.

use crate::flow::posix;

/// `path` made absolute against `cwd` and normalised, as POSIX Python does: `.` and `..` and doubled or trailing
/// slashes go, `~` is an ordinary name, exactly two leading slashes stay.
pub fn absolute(path: &str, cwd: &str) -> String {
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{cwd}/{path}") };
    posix::normalize(&joined)
}
