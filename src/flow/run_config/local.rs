//! Absolute paths as POSIX Python makes them. It looks at no disk.

/// `path` made absolute against `cwd` and normalised, as POSIX Python does: `.` and `..` and doubled or trailing
/// slashes go, `~` is an ordinary name, exactly two leading slashes stay.
pub fn absolute(path: &str, cwd: &str) -> String {
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{cwd}/{path}") };
    let leading = joined.chars().take_while(|c| *c == '/').count();
    let prefix = match leading {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.last().is_some_and(|last| *last != "..") {
                    parts.pop();
                } else if prefix.is_empty() {
                    parts.push(part);
                }
            }
            part => parts.push(part),
        }
    }
    let normal = format!("{prefix}{}", parts.join("/"));
    if normal.is_empty() { ".".to_owned() } else { normal }
}
