//! Paths as POSIX Python normalises them. It asks no file system.

/// `path` without `.`, without `..` where something stands before it, without doubled and trailing slashes; exactly two
/// leading slashes stay, `~` is an ordinary name, and the empty path is `.`.
pub fn normalize(path: &str) -> String {
    let prefix = match path.chars().take_while(|c| *c == '/').count() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
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
