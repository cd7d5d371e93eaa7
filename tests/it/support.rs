//! A project in a directory of its own, with the program run in it as a user would, and nothing of whoever runs the
//! tests in what it prints.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use regex::Regex;
use serde_json::Value;
use tempfile::TempDir;

/// Compares a text with the snapshot of that name.
macro_rules! snapshot {
    ($name:expr, $text:expr $(,)?) => {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, $text);
        })
    };
}
pub(crate) use snapshot;

/// A directory with a configuration and, once it is applied, a registry.
pub(crate) struct Project {
    directory: TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Project {
    /// An empty directory.
    pub(crate) fn empty() -> Self {
        let directory = TempDir::new().expect("a temporary directory can be made");
        Self { directory, environment: Vec::new() }
    }

    /// The same, with more in the environment of every run.
    pub(crate) fn with(self, environment: Vec<(&'static str, String)>) -> Self {
        Self { environment, ..self }
    }

    /// A directory whose `main.hcl` is `text`.
    pub(crate) fn new(text: &str) -> Self {
        let project = Self::empty();
        project.write("main.hcl", text);
        project
    }

    /// The same, applied.
    pub(crate) fn applied(text: &str) -> Self {
        let project = Self::new(text);
        project.apply();
        project
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file, with the directories above it.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        let parent = path.parent().expect("a file has a directory");
        fs::create_dir_all(parent).expect("a directory can be made");
        fs::write(path, text).expect("a file can be written");
    }

    /// The text of a file.
    pub(crate) fn read(&self, name: &str) -> String {
        let path = self.path().join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Replaces a text in `main.hcl`.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = self.read("main.hcl");
        assert!(text.contains(from), "main.hcl has {from:?}");
        self.write("main.hcl", &text.replace(from, to));
    }

    /// The program with these arguments, not started yet.
    pub(crate) fn command<S: AsRef<str>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flowform"));
        command
            .args(["--width", "100"])
            .args(args.iter().map(AsRef::as_ref))
            .current_dir(self.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("NO_COLOR", "1")
            .env("FLOWFORM_ACTOR", "tester")
            .envs(self.environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs the program; the line is split at spaces.
    pub(crate) fn run(&self, line: &str) -> Run {
        self.run_args(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs the program with arguments that may hold spaces.
    pub(crate) fn run_args<S: AsRef<str>>(&self, args: &[S]) -> Run {
        self.run_with(args, &[])
    }

    /// Runs the program with more in its environment.
    pub(crate) fn run_with<S: AsRef<str>>(&self, args: &[S], environment: &[(&str, &str)]) -> Run {
        let mut command = self.command(args);
        let output = command.envs(environment.iter().copied()).output().expect("the program starts");
        let what = args.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ");
        Run::new(self, what, &output)
    }

    /// Runs the program with a text as its standard input; the line is split at spaces.
    pub(crate) fn run_input(&self, line: &str, input: &str) -> Run {
        let mut command = self.command(&line.split_whitespace().collect::<Vec<_>>());
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        // It may end before it has read everything.
        let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
        self.finished(line, &child.wait_with_output().expect("it ends"))
    }

    /// What a spawned run left.
    pub(crate) fn finished(&self, what: &str, output: &Output) -> Run {
        Run::new(self, what.to_owned(), output)
    }

    /// Applies without a question, and succeeds.
    pub(crate) fn apply(&self) -> Run {
        self.run("apply --auto-approve").succeeds()
    }

    /// Plans, and succeeds.
    pub(crate) fn plan(&self) -> Run {
        self.run("plan").succeeds()
    }

    /// Nothing is left to do.
    pub(crate) fn is_settled(&self) {
        let plan = self.run("plan --detailed-exitcode");
        assert_eq!(plan.code, Some(0), "nothing is left to do:\n{}", plan.all());
        assert!(plan.stdout.contains("No changes."), "{}", plan.all());
    }

    /// The directory of a project's registry, where a configuration does not say another.
    pub(crate) fn registry(&self, project: &str) -> PathBuf {
        self.path().join(".flowform/registry").join(project)
    }

    /// Every file below the registry by its path, with its bytes.
    pub(crate) fn registry_files(&self) -> BTreeMap<String, Vec<u8>> {
        files_below(&self.path().join(".flowform"))
    }

    /// `current/` of a flow of the project `shop`.
    pub(crate) fn current(&self, name: &str) -> Option<Value> {
        let path = self.registry("shop").join(format!("current/{name}.json"));
        let bytes = fs::read(path).ok()?;
        Some(serde_json::from_slice(&bytes).expect("a published document is JSON"))
    }

    /// The paths of all artifact files of the project `shop`.
    pub(crate) fn artifacts(&self) -> Vec<String> {
        let files = files_below(&self.registry("shop").join("specs"));
        files.into_keys().map(|path| format!("specs/{path}")).collect()
    }

    /// `versions FLOW --json`.
    pub(crate) fn versions(&self, flow: &str) -> Value {
        self.run_args(&["versions", flow, "--json"]).succeeds().json()
    }
}

/// How a run ended, with what differs from run to run masked.
pub(crate) struct Run {
    what: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    raw: String,
}

impl Run {
    fn new(project: &Project, what: String, output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
        let raw = text(&output.stdout);
        Self {
            what,
            code: output.status.code(),
            stdout: masked(&raw, project.path()),
            stderr: masked(&text(&output.stderr), project.path()),
            raw,
        }
    }

    /// Checks the exit code.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "exit code of {}", self.all());
        self
    }

    /// Checks that it went well.
    pub(crate) fn succeeds(self) -> Self {
        self.exits(0)
    }

    /// Checks that it failed.
    pub(crate) fn fails(self) -> Self {
        self.exits(1)
    }

    /// Checks that the standard output holds a text.
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "{text:?} is in the standard output of {}", self.all());
        self
    }

    /// Checks that the standard error holds a text, however its lines are broken.
    pub(crate) fn complains(self, text: &str) -> Self {
        let words = |text: &str| {
            text.split(|c: char| c.is_whitespace() || c == '|')
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert!(
            words(&self.stderr).contains(&words(text)),
            "{text:?} is in the standard error of {}",
            self.all()
        );
        self
    }

    /// The standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.raw).unwrap_or_else(|error| panic!("{error} in {}", self.all()))
    }

    /// The standard output as one JSON document a line.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let parse =
            |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {}", self.all()));
        self.raw.lines().map(parse).collect()
    }

    /// The standard output without masks.
    pub(crate) fn raw(&self) -> &str {
        &self.raw
    }

    /// What was run, and everything that it printed.
    pub(crate) fn all(&self) -> String {
        format!(
            "$ flowform {}\n{}{}[exit code {}]",
            masked(&self.what, Path::new("/nowhere")),
            self.stdout,
            self.stderr,
            self.code.unwrap_or(-1)
        )
    }
}

/// The text without what differs from run to run.
fn masked(text: &str, directory: &Path) -> String {
    let mut text = text.replace(&*directory.to_string_lossy(), "[dir]");
    for (pattern, mask) in [
        ("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]"),
        (r"\(\d+\.\ds\)", "([took])"),
        (r"in \d+ calls?", "in [n] calls"),
        (r"segment \d+", "segment [n]"),
    ] {
        text = Regex::new(pattern).expect("the pattern is one").replace_all(&text, mask).into_owned();
    }
    // The columns of a table with times are as wide as the times.
    let columns = Regex::new(" {3,}").expect("the pattern is one");
    let lines =
        text.split_inclusive('\n').map(|line| match line.contains("[time]") || line.contains("CREATED") {
            true => columns.replace_all(line, "  ").into_owned(),
            false => line.to_owned(),
        });
    let mut lines: Vec<String> = lines.collect();
    // Steps that do not wait for each other end in any order.
    let is_step = |line: &String| line.ends_with("([took])\n");
    for run in lines.chunk_by_mut(|a, b| is_step(a) && is_step(b)) {
        run.sort();
    }
    lines.concat()
}

/// Every file below a directory by its relative path, with its bytes.
pub(crate) fn files_below(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(directory).expect("a file is below its directory");
                files.insert(
                    name.to_string_lossy().into_owned(),
                    fs::read(&path).expect("a file can be read"),
                );
            }
        }
    }
    files
}
