//! Every folder of `examples/` as a user would use it: validated, planned, applied, planned again. The text of the
//! plan is in the folder; `UPDATE_EXPECT=1` writes it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flowform_provider_testbed::Aws;
use serde_json::json;
use tempfile::TempDir;

use crate::kubernetes;

/// The names of all examples, sorted.
pub(crate) fn names() -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("examples/ can be listed");
    let entries = entries.map(|entry| entry.expect("an entry can be read"));
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("names are Unicode"))
        .collect();
    names.sort();
    names
}

/// Where the examples are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

#[test]
fn every_example_plans_as_it_says_and_is_stable_once_applied() {
    let names = names();
    assert!(!names.is_empty(), "there are examples");
    for name in names {
        let example = Example::copy(&name);
        example.run(["validate"]).succeeds();
        example.run(["plan"]).succeeds().equals("expected-plan.txt");
        example.run(["plan", "--detailed-exitcode"]).exits(2);
        let applied = example.run(["apply", "--auto-approve"]).succeeds();
        assert!(applied.stdout().contains("Apply complete"), "{name}: {}", applied.all());
        let again = example.run(["plan", "--detailed-exitcode"]).succeeds();
        assert!(again.stdout().contains("No changes"), "{name}: {}", again.all());
    }
}

/// `prod.hclvars` beside the configuration has its plan in `expected-plan-prod.txt`.
#[test]
fn every_variable_file_plans_as_it_says() {
    for name in names() {
        let example = Example::copy(&name);
        for file in example.variable_files() {
            let stem = file.strip_suffix(".hclvars").expect("variable files end so");
            let run = example.run(["plan", "--var-file", &file]).succeeds();
            run.equals(&format!("expected-plan-{stem}.txt"));
        }
    }
}

/// The plan in README.md is the one of the quickstart after the changes that are made here.
#[test]
fn the_readme_shows_a_real_plan() {
    let example = Example::copy("quickstart");
    example.run(["apply", "--auto-approve"]).succeeds();
    let path = example.directory.path().join("main.hcl");
    let mut text = fs::read_to_string(&path).expect("the example can be read");
    for (from, to) in [
        ("limit  = 1000", "limit  = 5000"),
        ("0 6 * * 1-5", "0 7 * * 1-5"),
        ("\"customers\"]", "\"customers\", \"refunds\"]"),
    ] {
        assert!(text.contains(from), "the example has {from}");
        text = text.replace(from, to);
    }
    fs::write(&path, text).expect("the copy can be written");
    let plan = example.run(["--width", "100", "plan", "--var", "log_level=DEBUG"]).succeeds();
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).expect("README.md can be read");
    assert!(readme.contains(plan.stdout().trim_end()), "README.md should show this plan:\n{}", plan.stdout());
}

/// A copy of an example, so that the registry is made elsewhere.
struct Example {
    name: String,
    directory: TempDir,
    /// What stands for AWS, where it is used.
    aws: Option<Aws>,
}

impl Example {
    fn copy(name: &str) -> Self {
        let directory = TempDir::new().expect("a temporary directory can be made");
        copy(&folder().join(name), directory.path());
        let text = fs::read_to_string(directory.path().join("main.hcl")).expect("an example has a main.hcl");
        if text.contains("config_path = \"kubeconfig\"") {
            kubernetes::kubeconfig(directory.path());
        }
        let aws = text.contains("provider \"ecs\"").then(Aws::start);
        if let Some(aws) = &aws {
            // The definition of the manual's example that somebody else registers.
            let container = json!({ "name": "flow", "image": "etl:1", "memory": 512 });
            let definition = json!({
                "family": "prefectFlow", "containerDefinitions": [container], "cpu": "256", "memory": "512",
                "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc",
                "executionRoleArn": "arn:aws:iam::111122223333:role/prefectECSAgentTaskExecutionRole",
                "taskRoleArn": "arn:aws:iam::111122223333:role/prefectTaskRole",
            });
            aws.ecs("RegisterTaskDefinition", &definition);
        }
        Self { name: name.to_owned(), directory, aws }
    }

    /// Files of variables that are only read when they are named.
    fn variable_files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).expect("the copy can be listed");
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut files: Vec<String> =
            names.filter(|name| name.ends_with(".hclvars") && !name.ends_with(".auto.hclvars")).collect();
        files.sort();
        files
    }

    fn run<const N: usize>(&self, args: [&str; N]) -> Run<'_> {
        let output = Command::new(env!("CARGO_BIN_EXE_flowform"))
            .args(args)
            .current_dir(self.directory.path())
            // Nothing of whoever runs the tests may be in a plan.
            .env_clear()
            .env("FLOWFORM_ACTOR", "test")
            .envs(self.aws.as_ref().map(Aws::environment).unwrap_or_default())
            .output()
            .expect("the program starts");
        Run { example: self, what: args.join(" "), output }
    }
}

struct Run<'a> {
    example: &'a Example,
    what: String,
    output: Output,
}

impl Run<'_> {
    fn exits(self, code: i32) -> Self {
        assert_eq!(self.output.status.code(), Some(code), "{}", self.all());
        self
    }

    fn succeeds(self) -> Self {
        self.exits(0)
    }

    fn stdout(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).expect("output is UTF-8")
    }

    fn all(&self) -> String {
        let Self { example, what, output } = self;
        let stderr = String::from_utf8_lossy(&output.stderr);
        format!("`flowform {what}` in examples/{}:\n{}\n{stderr}", example.name, self.stdout())
    }

    /// Compares the standard output with a file of the example.
    fn equals(&self, file: &str) {
        let path = folder().join(&self.example.name).join(file);
        let found = self.stdout();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&path, &found).expect("the expected text can be written");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if expected != found {
            let diff = first_difference(&expected, &found);
            let name = &self.example.name;
            panic!("examples/{name}/{file} is out of date: run UPDATE_EXPECT=1 tests/run examples::\n{diff}");
        }
    }
}

fn first_difference(expected: &str, found: &str) -> String {
    let same = expected.lines().zip(found.lines()).take_while(|(a, b)| a == b).count();
    let line = |text: &str| text.lines().nth(same).unwrap_or("(the end)").to_owned();
    format!("line {}:\n  expected: {}\n  found:    {}", same + 1, line(expected), line(found))
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the example can be listed") {
        let path = entry.expect("an entry can be read").path();
        let name = path.file_name().unwrap_or(OsStr::new(""));
        if path.is_dir() {
            // The registry of somebody who tried the example.
            if name != ".flowform" {
                fs::create_dir(to.join(name)).expect("a directory can be made");
                copy(&path, &to.join(name));
            }
        } else {
            fs::copy(&path, to.join(name)).expect("a file can be copied");
        }
    }
}
