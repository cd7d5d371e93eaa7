//! `fmt`: configuration files in the one style.

use std::path::{Path, PathBuf};

use super::Outcome;
use crate::cli::args::FmtArgs;
use crate::cli::edge;
use crate::cli::failure::{self, Failure};
use crate::cli::run::Context;
use crate::diag::{Diagnostic, Diagnostics};
use crate::format::format;
use crate::report::text_diff;
use crate::source::SourceMap;

/// What the text of the standard input is called.
const INPUT: &str = "<stdin>";

pub(in crate::cli) fn run(context: &Context, args: &FmtArgs) -> Result<Outcome, Failure> {
    let mut job = Job { context, args, failure: Failure::default(), differs: false };
    if args.paths.iter().any(|path| path.as_os_str() == "-") {
        if args.paths.len() > 1 {
            let detail = "`-` stands for the standard input, which is formatted by itself.";
            return Err(Diagnostic::error("Invalid arguments", detail).help("give `-` or paths").into());
        }
        let bytes = context.terminal.read_to_end();
        match bytes.map_err(|error| error.to_string()).and_then(text) {
            Ok(text) => job.format(INPUT, &text, None),
            Err(error) => job.unreadable(INPUT, &error),
        }
    } else if args.paths.is_empty() {
        job.directory(&context.directory);
    } else {
        for path in &args.paths {
            job.path(path);
        }
    }
    let Job { failure, differs, .. } = job;
    if failure.diagnostics.has_errors() {
        return Err(failure);
    }
    Ok(if args.check && differs { Outcome::Changes } else { Outcome::Done })
}

/// What formatting several files leaves: mistakes of all of them, told at the end.
struct Job<'a> {
    context: &'a Context,
    args: &'a FmtArgs,
    failure: Failure,
    /// Whether a file was not in the style.
    differs: bool,
}

impl Job<'_> {
    /// A file or a directory that the user named.
    fn path(&mut self, path: &Path) {
        if edge::is_directory(path) {
            self.directory(path);
        } else if !edge::is_file(path) {
            let name = path.display();
            self.unreadable(&name.to_string(), "there is no such file or directory");
        } else if path.to_str().is_some_and(is_configuration) {
            self.file(path);
        } else {
            let name = path.display().to_string();
            let (detail, help) = match name.ends_with(".json") {
                true => (
                    "is in JSON syntax, which programs write; it has no style of its own.",
                    "leave it to the program that writes it",
                ),
                false => (
                    "does not end in .hcl or .hclvars; what it holds is not known to be a configuration.",
                    "give it to the standard input: `flowform fmt - < FILE`",
                ),
            };
            let diagnostic = Diagnostic::error("Not a configuration file", format!("{name} {detail}"));
            self.failure.diagnostics.push(diagnostic.help(help));
        }
    }

    /// The files of a directory and, where that was asked for, of those below it.
    fn directory(&mut self, start: &Path) {
        // Not by recursion: a directory may be as deep as its owner likes.
        let mut waiting = vec![start.to_path_buf()];
        while let Some(directory) = waiting.pop() {
            let (files, directories) = match edge::list(&directory) {
                Ok(names) => names,
                Err(error) => {
                    self.unreadable(&directory.display().to_string(), &error.to_string());
                    continue;
                }
            };
            let join = |name: &String| match directory.as_os_str() == "." {
                true => PathBuf::from(name),
                false => directory.join(name),
            };
            for name in files.iter().filter(|name| is_configuration(name)) {
                self.file(&join(name));
            }
            if self.args.recursive {
                waiting.extend(directories.iter().rev().map(join));
            }
        }
    }

    fn file(&mut self, path: &Path) {
        let name = path.display().to_string();
        match edge::read(path).map_err(|error| error.to_string()).and_then(text) {
            Ok(text) => self.format(&name, &text, Some(path)),
            Err(error) => self.unreadable(&name, &error),
        }
    }

    /// Formats one text; `path` is where to write it.
    fn format(&mut self, name: &str, text: &str, path: Option<&Path>) {
        let Failure { diagnostics, sources } = &mut self.failure;
        let Some(formatted) = formatted(name, text, sources, diagnostics) else { return };
        let (terminal, args) = (&self.context.terminal, self.args);
        let write = args.write && !args.check && path.is_some();
        let list = args.list && path.is_some();
        if formatted != text {
            self.differs = true;
            if list {
                terminal.out(&format!("{name}\n"));
            }
            if let Some(path) = path.filter(|_| write)
                && let Err(error) = edge::replace(path, formatted.as_bytes())
            {
                self.failure.diagnostics.extend(failure::file("written", path, &error).diagnostics);
            }
            if args.diff {
                terminal.out(&text_diff::unified(name, text, &formatted, terminal.theme()));
            }
        }
        if !write && !list && !args.diff && !args.check {
            terminal.out(&formatted);
        }
    }

    fn unreadable(&mut self, name: &str, error: &str) {
        let diagnostic = Diagnostic::error("File not readable", format!("{name} cannot be read: {error}."))
            .help("check that it exists, is UTF-8 text and may be read");
        self.failure.diagnostics.push(diagnostic);
    }
}

/// The text in the style; `None`, and the reason, when it does not parse.
fn formatted(name: &str, text: &str, sources: &mut SourceMap, diags: &mut Diagnostics) -> Option<String> {
    let id = sources.add(name, text.strip_prefix('\u{feff}').unwrap_or(text));
    format(id, text, diags)
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

fn is_configuration(name: &str) -> bool {
    name.ends_with(".hcl") || name.ends_with(".hclvars")
}
