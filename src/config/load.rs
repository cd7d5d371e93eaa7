//! IO: finds and reads the configuration's files. It parses nothing.

#![expect(
    clippy::disallowed_methods,
    reason = "this file is the edge through which configuration files enter"
)]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{FileId, SourceMap};

/// The largest file that is read, in bytes.
pub const MAX_FILE: u64 = 64 << 20;

/// Which files of a directory there are, read.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every text.
    pub sources: SourceMap,
    /// `*.hcl` and `*.hcl.json`, sorted by name.
    pub configuration: Vec<FileId>,
    /// `*.auto.hclvars` and `*.auto.hclvars.json`, sorted by name.
    pub auto_variables: Vec<FileId>,
    /// The files of `--var-file`, in the order given.
    pub given_variables: Vec<FileId>,
}

/// Reads the configuration in `directory` and the variable files `var_files` (relative to the working directory).
pub fn load(directory: &Path, var_files: &[PathBuf], diags: &mut Diagnostics) -> Loaded {
    let mut loaded = Loaded::default();
    let mut names = match list(directory) {
        Ok(names) => names,
        Err(error) => {
            diags.push(
                Diagnostic::error(
                    "Configuration not readable",
                    format!("The directory {} cannot be read: {error}.", directory.display()),
                )
                .help("give the directory of the configuration with `--chdir`"),
            );
            return loaded;
        }
    };
    names.sort();
    for name in &names {
        let path = directory.join(name);
        if name.ends_with(".hcl") || name.ends_with(".hcl.json") {
            loaded.configuration.extend(read(&path, name, &mut loaded.sources, diags));
        } else if name.ends_with(".auto.hclvars") || name.ends_with(".auto.hclvars.json") {
            loaded.auto_variables.extend(read(&path, name, &mut loaded.sources, diags));
        }
    }
    if loaded.configuration.is_empty() && !diags.has_errors() {
        diags.push(
            Diagnostic::error(
                "No configuration",
                format!(
                    "The directory {} holds no file that ends in .hcl or .hcl.json.",
                    directory.display()
                ),
            )
            .help("run `flowform init` to write a first configuration, or name its directory with `--chdir`"),
        );
    }
    for path in var_files {
        let name = path.display().to_string();
        loaded.given_variables.extend(read(path, &name, &mut loaded.sources, diags));
    }
    loaded
}

fn list(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        // A name that is not Unicode cannot end in .hcl in a way that users could type, so it is passed over.
        if let Ok(name) = entry.file_name().into_string()
            && !name.starts_with('.')
            && !name.ends_with('~')
        {
            names.push(name);
        }
    }
    Ok(names)
}

fn read(path: &Path, name: &str, sources: &mut SourceMap, diags: &mut Diagnostics) -> Option<FileId> {
    let text = fs::metadata(path).and_then(|meta| {
        if meta.len() > MAX_FILE {
            return Err(io::Error::other(format!("it is larger than {} MiB", MAX_FILE >> 20)));
        }
        fs::read(path)
    });
    let text = match text {
        Ok(bytes) => String::from_utf8(bytes).map_err(|error| {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
            format!("it is not UTF-8 (line {})", line + 1)
        }),
        Err(error) => Err(error.to_string()),
    };
    match text {
        Ok(text) => {
            let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
            Some(sources.add(name, text))
        }
        Err(error) => {
            diags.push(
                Diagnostic::error("File not readable", format!("{name} cannot be read: {error}."))
                    .help("check that the file exists, is UTF-8 text and may be read"),
            );
            None
        }
    }
}
