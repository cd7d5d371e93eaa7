//! Where the values of variables come from, which one wins, and what is wrong with those that do not fit.

use crate::support::{Project, snapshot};

const CONFIGURATION: &str = r#"
variable "region" {
  type    = string
  default = "the default"
}

output "region" {
  value = var.region
}
"#;

#[test]
fn later_sources_win() {
    let project = Project::new(CONFIGURATION);
    let region = |args: &[&str], environment: &[(&str, &str)]| {
        let args: Vec<&str> = ["apply", "--auto-approve"].iter().chain(args).copied().collect();
        project.run_with(&args, environment).succeeds();
        project.run("output region --raw").succeeds().raw().to_owned()
    };
    assert_eq!(region(&[], &[]), "the default");
    let environment = [("FLOWFORM_VAR_region", "the environment")];
    assert_eq!(region(&[], &environment), "the environment");
    project.write("a.auto.hclvars", "region = \"the first automatic file\"\n");
    assert_eq!(region(&[], &environment), "the first automatic file");
    project.write("b.auto.hclvars", "region = \"the second automatic file\"\n");
    assert_eq!(region(&[], &environment), "the second automatic file");
    project.write("given.hclvars", "region = \"a named file\"\n");
    project.write("other.hclvars", "region = \"another named file\"\n");
    assert_eq!(region(&["--var-file", "given.hclvars"], &environment), "a named file");
    let both = ["--var-file", "given.hclvars", "--var-file", "other.hclvars"];
    assert_eq!(region(&both, &environment), "another named file");
    let option = ["--var", "region=the option", "--var-file", "given.hclvars"];
    assert_eq!(region(&option, &environment), "the option");
    let twice = ["--var", "region=first", "--var", "region=second"];
    assert_eq!(region(&twice, &environment), "second");
}

#[test]
fn values_that_do_not_fit() {
    let project = Project::new(
        r#"
variable "count" {
  type = number
}

variable "tables" {
  type    = map(list(string))
  default = {}
}

variable "strict" {
  type     = string
  nullable = false
  default  = "x"

  validation {
    condition     = length(var.strict) < 4
    error_message = "At most three characters."
  }
}

output "all" {
  value = [var.count, var.tables, var.strict]
}
"#,
    );
    project.write("bad.hclvars", "count = 1\nregoin = \"eu\"\ntables = { a = \"b\" }\n");
    project.write("broken.hclvars", "count = \n");
    project.write("null.hclvars", "count = 1\nstrict = null\n");
    let mut text = String::new();
    for args in [
        vec!["validate"],
        vec!["validate", "--var", "count=many"],
        vec!["validate", "--var", "count=1", "--var", "nothing=1"],
        vec!["validate", "--var", "count=1", "--var", "tables={a=["],
        vec!["validate", "--var", "count=1", "--var", "strict=abcd"],
        vec!["validate", "--var", "count"],
        vec!["validate", "--var-file", "bad.hclvars"],
        vec!["validate", "--var-file", "broken.hclvars"],
        vec!["validate", "--var-file", "nowhere.hclvars"],
    ] {
        text.push_str(&project.run_args(&args).fails().all());
        text.push_str("\n\n");
    }
    snapshot!("variables", text);
    project.run("validate --var-file null.hclvars").succeeds();
    project.run_args(&["validate", "--var", "count=1", "--var", "tables={a=[\"b\"]}"]).succeeds();
}
