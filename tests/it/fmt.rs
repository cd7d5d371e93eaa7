//! `fmt` on files, directories and the standard input.

use std::io::Write;
use std::process::Stdio;

use crate::support::Project;

const LOOSE: &str = "flow \"a\" {\nname=\"a\" # one\n}\n";
const NEAT: &str = "flow \"a\" {\n  name = \"a\" # one\n}\n";

fn project() -> Project {
    let project = Project::new(LOOSE);
    project.write("neat.hcl", NEAT);
    project.write("prod.hclvars", "a=1\nbb=2\n");
    project.write("other.txt", "a=1\n");
    project.write("sub/deep/main.hcl", LOOSE);
    project.write(".hidden/main.hcl", LOOSE);
    project
}

#[test]
fn a_directory_is_formatted() {
    let project = project();
    let run = project.run("fmt").succeeds();
    assert_eq!(run.stdout, "main.hcl\nprod.hclvars\n");
    assert_eq!(project.read("main.hcl"), NEAT);
    assert_eq!(project.read("prod.hclvars"), "a  = 1\nbb = 2\n");
    assert_eq!(project.read("other.txt"), "a=1\n");
    assert_eq!(project.read("sub/deep/main.hcl"), LOOSE);
    assert_eq!(project.run("fmt").succeeds().stdout, "");
}

#[test]
fn recursion_goes_below_and_leaves_hidden_directories_out() {
    let project = project();
    let run = project.run("fmt --recursive").succeeds();
    assert_eq!(run.stdout, "main.hcl\nprod.hclvars\nsub/deep/main.hcl\n");
    assert_eq!(project.read(".hidden/main.hcl"), LOOSE);
    let run = project.run("fmt --recursive --check .hidden").exits(2);
    assert_eq!(run.stdout, ".hidden/main.hcl\n");
}

#[test]
fn a_check_writes_nothing_and_tells_by_its_exit_code() {
    let project = project();
    let run = project.run("fmt --check --diff main.hcl neat.hcl").exits(2);
    assert_eq!(
        run.stdout,
        "main.hcl\n--- old/main.hcl\n+++ new/main.hcl\n@@ -1,3 +1,3 @@\n flow \"a\" {\n-name=\"a\" # one\n+  name = \"a\" # one\n }\n"
    );
    assert_eq!(project.read("main.hcl"), LOOSE);
    project.run("fmt --check neat.hcl").succeeds();
}

#[test]
fn without_writing_and_listing_the_text_is_printed() {
    let project = project();
    let run = project.run("fmt --write=false --list=false main.hcl").succeeds();
    assert_eq!(run.stdout, NEAT);
    assert_eq!(project.read("main.hcl"), LOOSE);
}

#[test]
fn the_standard_input_is_printed_formatted() {
    let project = project();
    for (args, text, code, out) in [
        (vec!["fmt", "-"], LOOSE, 0, NEAT),
        (vec!["fmt", "--check", "-"], LOOSE, 2, ""),
        (vec!["fmt", "--check", "-"], NEAT, 0, ""),
        (vec!["fmt", "-"], "a = [1\nb = 2\n", 1, ""),
    ] {
        let mut command = project.command(&args);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let run = project.finished("fmt -", &child.wait_with_output().unwrap()).exits(code);
        assert_eq!(run.stdout, out);
    }
}

#[test]
fn files_that_do_not_parse_are_told_and_the_others_are_formatted() {
    let project = project();
    project.write("bad.hcl", "a = [1\n");
    project.write("worse.hcl", "b = \"\n");
    let run = project.run("fmt").exits(1);
    assert_eq!(run.stdout, "main.hcl\nprod.hclvars\n");
    assert!(run.stderr.contains("bad.hcl:1:5") && run.stderr.contains("worse.hcl:1:5"), "{}", run.stderr);
    assert_eq!(project.read("bad.hcl"), "a = [1\n");
    let run = project.run("fmt other.txt missing.hcl").exits(1);
    assert!(run.stderr.contains("Not a configuration file"), "{}", run.stderr);
    assert!(run.stderr.contains("missing.hcl cannot be read"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let project = project();
    let path = project.path().join("main.hcl");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("main.hcl", project.path().join("link.hcl")).unwrap();
    project.run("fmt link.hcl").succeeds();
    assert_eq!(project.read("main.hcl"), NEAT);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(std::fs::symlink_metadata(project.path().join("link.hcl")).unwrap().is_symlink());
}

#[test]
fn what_is_no_file_in_the_native_syntax_is_told_by_what_it_is() {
    let project = project();
    project.write("x.hcl.json", "{\"locals\":{\"a\":1}}");
    project.write("x.txt", "a=1");
    project.run("fmt nosuch.hcl").fails().complains("there is no such file or directory");
    project.run("fmt nosuch").fails().complains("there is no such file or directory");
    project.run("fmt x.txt").fails().complains("give it to the standard input");
    project.run("fmt x.hcl.json").fails().complains("leave it to the program that writes it");
    assert_eq!(project.read("x.hcl.json"), "{\"locals\":{\"a\":1}}");
}
