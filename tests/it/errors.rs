//! Bad input: it always ends with exit code 1 and diagnostics that name the file, the line and the column, and never
//! touches the registry. The texts are snapshots, to be read as a user would read them.

use crate::support::{Project, snapshot};

/// What every case starts from; `flow.ok` is good in every one of them.
const HEAD: &str = r#"flowform {
  project = "shop"
}

storage "module" "code" {
  module = "shop.etl"
}

flow "ok" {
  storage = storage.module.code
}
"#;

/// What can be told only with a record: nothing is known to `validate`, and a plan may know it.
const TOLD_BY_PLAN: &[&str] = &["for_each_unknown"];

/// Configurations that are wrong, each in a file of its own beside the good one.
const CASES: &[(&str, &str)] = &[
    // Syntax.
    ("syntax_unclosed_block", "flow \"x\" {\n  storage = storage.module.code\n"),
    ("syntax_unclosed_string", "flow \"x\" {\n  storage = storage.module.code\n  name = \"abc\n}\n"),
    (
        "syntax_unclosed_template",
        "flow \"x\" {\n  storage = storage.module.code\n  name = \"a${local.b\"\n}\n",
    ),
    ("syntax_missing_value", "flow \"x\" {\n  storage =\n}\n"),
    ("syntax_colon", "flow \"x\" {\n  storage: storage.module.code\n}\n"),
    ("syntax_unclosed_list", "flow \"x\" {\n  storage = storage.module.code\n  labels = [\"a\", \"b\"\n}\n"),
    ("syntax_missing_comma", "flow \"x\" {\n  storage = storage.module.code\n  labels = [\"a\" \"b\"]\n}\n"),
    ("syntax_heredoc", "flow \"x\" {\n  storage = storage.module.code\n  name = <<EOT\n  abc\n}\n"),
    ("syntax_single_quotes", "flow \"x\" {\n  storage = storage.module.code\n  name = 'abc'\n}\n"),
    ("syntax_stray_brace", "}\n"),
    ("syntax_attribute_in_a_line", "flow \"x\" { name = \"a\" labels = [] }\n"),
    ("syntax_old_interpolation", "flow \"x\" {\n  storage = storage.module.code\n  name = ${local.a}\n}\n"),
    // Blocks and arguments.
    ("unknown_block", "flwo \"x\" {\n}\n"),
    ("unknown_block_resource", "resource \"aws_instance\" \"x\" {\n}\n"),
    ("top_level_argument", "project = \"shop\"\n"),
    ("missing_label", "flow {\n}\n"),
    ("too_many_labels", "flow \"a\" \"b\" {\n}\n"),
    ("invalid_name", "flow \"1x y\" {\n}\n"),
    ("unknown_argument", "flow \"x\" {\n  stroage = storage.module.code\n}\n"),
    ("argument_as_block", "flow \"x\" {\n  storage = storage.module.code\n  labels {\n  }\n}\n"),
    (
        "block_as_argument",
        "flow \"x\" {\n  storage = storage.module.code\n  schedule = { cron = \"0 6 * * *\" }\n}\n",
    ),
    ("missing_argument", "storage \"git\" \"x\" {\n}\n"),
    (
        "duplicate_argument",
        "flow \"x\" {\n  storage = storage.module.code\n  name = \"a\"\n  name = \"b\"\n}\n",
    ),
    ("duplicate_block", "flow \"ok\" {\n  storage = storage.module.code\n}\n"),
    ("duplicate_name", "flow \"other\" {\n  name    = \"ok\"\n  storage = storage.module.code\n}\n"),
    (
        "two_run_configs",
        "run_config \"local\" \"r\" {\n}\nflow \"x\" {\n  storage    = storage.module.code\n  run_config = run_config.local.r\n\n  run_config \"local\" {\n  }\n}\n",
    ),
    ("two_flowform_blocks", "flowform {\n  project = \"other\"\n}\n"),
    ("unknown_run_config_kind", "run_config \"lcoal\" \"x\" {\n}\n"),
    ("unknown_storage_kind", "storage \"s4\" \"x\" {\n}\n"),
    // What comes later.
    ("later_environment", "execution_environment \"local\" \"x\" {\n}\n"),
    ("later_environment_unknown", "execution_environment \"lcoal\" \"x\" {\n}\n"),
    ("later_module", "module \"x\" {\n  source = \"./x\"\n}\n"),
    ("later_provider", "provider \"docker\" {\n}\n"),
    ("environment_block", "environment \"local\" \"x\" {\n}\n"),
    // References.
    (
        "unknown_variable",
        "variable \"region\" {\n  default = \"eu\"\n}\nlocals {\n  a = var.regoin\n}\nflow \"x\" {\n  storage = storage.module.code\n  name    = local.a\n}\n",
    ),
    (
        "unknown_local",
        "flow \"x\" {\n  storage = storage.module.code\n  name    = local.nmae\n}\nlocals {\n  name = \"x\"\n}\n",
    ),
    ("unknown_storage", "flow \"x\" {\n  storage = storage.module.cdoe\n}\n"),
    ("unknown_flow", "output \"x\" {\n  value = flow.okk.version\n}\n"),
    ("unknown_attribute", "output \"x\" {\n  value = flow.ok.verison\n}\n"),
    ("unknown_root", "output \"x\" {\n  value = flwo.ok.version\n}\n"),
    ("unknown_function", "output \"x\" {\n  value = uper(\"a\")\n}\n"),
    ("wrong_arity", "output \"x\" {\n  value = upper(\"a\", \"b\")\n}\n"),
    ("each_outside", "flow \"x\" {\n  storage = storage.module.code\n  name    = each.key\n}\n"),
    ("quoted_reference", "flow \"x\" {\n  storage = \"storage.module.code\"\n}\n"),
    ("wrong_reference", "flow \"x\" {\n  storage = flow.ok\n}\n"),
    (
        "instance_without_key",
        "flow \"x\" {\n  for_each = toset([\"a\"])\n  storage  = storage.module.code\n}\noutput \"x\" {\n  value = flow.x.version\n}\n",
    ),
    (
        "instance_unknown_key",
        "flow \"x\" {\n  for_each = toset([\"a\"])\n  storage  = storage.module.code\n}\noutput \"x\" {\n  value = flow.x[\"b\"].version\n}\n",
    ),
    (
        "cycle_of_locals",
        "locals {\n  a = local.b\n  b = local.c\n  c = local.a\n}\noutput \"x\" {\n  value = local.a\n}\n",
    ),
    (
        "cycle_of_flows",
        "flow \"a\" {\n  storage    = storage.module.code\n  parameters = { x = flow.b.version }\n}\nflow \"b\" {\n  storage    = storage.module.code\n  parameters = { x = flow.a.version }\n}\n",
    ),
    (
        "cycle_of_itself",
        "flow \"a\" {\n  storage    = storage.module.code\n  parameters = { x = flow.a.version }\n}\n",
    ),
    // Types and values.
    (
        "for_each_over_a_list",
        "flow \"x\" {\n  for_each = [\"a\", \"b\"]\n  storage  = storage.module.code\n}\n",
    ),
    (
        "for_each_unknown",
        "flow \"x\" {\n  for_each = toset([flow.new.id])\n  storage  = storage.module.code\n}\nflow \"new\" {\n  storage = storage.module.code\n}\n",
    ),
    (
        "for_each_and_count",
        "flow \"x\" {\n  for_each = toset([\"a\"])\n  count    = 2\n  storage  = storage.module.code\n}\n",
    ),
    ("count_negative", "flow \"x\" {\n  count   = -1\n  storage = storage.module.code\n}\n"),
    ("count_text", "flow \"x\" {\n  count   = \"many\"\n  storage = storage.module.code\n}\n"),
    ("wrong_type_labels", "flow \"x\" {\n  storage = storage.module.code\n  labels  = \"eu\"\n}\n"),
    (
        "wrong_type_env",
        "flow \"x\" {\n  storage = storage.module.code\n\n  run_config \"local\" {\n    env = [\"A=1\"]\n  }\n}\n",
    ),
    (
        "wrong_type_env_value",
        "flow \"x\" {\n  storage = storage.module.code\n\n  run_config \"local\" {\n    env = { A = [\"b\"] }\n  }\n}\n",
    ),
    ("wrong_operand", "output \"x\" {\n  value = 1 + \"a\"\n}\n"),
    ("wrong_condition", "output \"x\" {\n  value = \"yes\" ? 1 : 2\n}\n"),
    ("division_by_zero", "output \"x\" {\n  value = 1 / 0\n}\n"),
    ("index_out_of_range", "output \"x\" {\n  value = [1, 2][2]\n}\n"),
    ("missing_key", "output \"x\" {\n  value = { a = 1 }[\"b\"]\n}\n"),
    (
        "wrong_cron",
        "flow \"x\" {\n  storage = storage.module.code\n\n  schedule {\n    cron = \"61 * * * *\"\n  }\n}\n",
    ),
    (
        "wrong_time_zone",
        "flow \"x\" {\n  storage = storage.module.code\n\n  schedule {\n    cron     = \"0 6 * * *\"\n    timezone = \"Europe/Berln\"\n  }\n}\n",
    ),
    ("schedule_of_nothing", "flow \"x\" {\n  storage = storage.module.code\n\n  schedule {\n  }\n}\n"),
    (
        "schedule_of_two",
        "flow \"x\" {\n  storage = storage.module.code\n\n  schedule {\n    cron     = \"0 6 * * *\"\n    interval = \"1h\"\n  }\n}\n",
    ),
    ("wrong_keep_for", "flow \"x\" {\n  storage  = storage.module.code\n  keep_for = \"soon\"\n}\n"),
    ("wrong_keep_versions", "flow \"x\" {\n  storage       = storage.module.code\n  keep_versions = 0\n}\n"),
    ("no_storage", "flow \"x\" {\n  run_config \"local\" {\n  }\n}\n"),
    ("missing_file", "output \"x\" {\n  value = file(\"nowhere.txt\")\n}\n"),
    ("file_outside", "output \"x\" {\n  value = file(\"/etc/hostname\")\n}\n"),
    (
        "timestamp_in_a_definition",
        "flow \"x\" {\n  storage    = storage.module.code\n  parameters = { at = timestamp() }\n}\n",
    ),
    (
        "uuid_in_env",
        "flow \"x\" {\n  storage = storage.module.code\n\n  run_config \"local\" {\n    env = { ID = uuid() }\n  }\n}\n",
    ),
    (
        "sensitive_in_a_definition",
        "variable \"token\" {\n  default   = \"hunter2\"\n  sensitive = true\n}\nflow \"x\" {\n  storage = storage.module.code\n\n  run_config \"local\" {\n    env = { TOKEN = \"Bearer ${var.token}\" }\n  }\n}\n",
    ),
    (
        "sensitive_output",
        "variable \"token\" {\n  default   = \"hunter2\"\n  sensitive = true\n}\noutput \"x\" {\n  value = var.token\n}\n",
    ),
    (
        "sensitive_for_each",
        "variable \"keys\" {\n  default   = [\"hunter2\"]\n  sensitive = true\n}\nflow \"x\" {\n  for_each = toset(var.keys)\n  storage  = storage.module.code\n}\n",
    ),
    (
        "plaintext_in_secret_env",
        "flow \"x\" {\n  storage = storage.module.code\n\n  run_config \"local\" {\n    secret_env = { TOKEN = \"hunter2\" }\n  }\n}\n",
    ),
    // Variables, moves, lifecycles.
    ("variable_missing", "variable \"region\" {\n  type = string\n}\n"),
    ("variable_wrong_default", "variable \"n\" {\n  type    = number\n  default = \"many\"\n}\n"),
    ("variable_wrong_type", "variable \"n\" {\n  type    = strnig\n  default = \"a\"\n}\n"),
    ("variable_quoted_type", "variable \"n\" {\n  type    = \"map(nothing)\"\n  default = {}\n}\n"),
    (
        "variable_validation",
        "variable \"n\" {\n  default = 7\n\n  validation {\n    condition     = var.n < 5\n    error_message = \"At most four, and this is ${var.n}.\"\n  }\n}\n",
    ),
    ("variable_null", "variable \"n\" {\n  type     = string\n  nullable = false\n  default  = null\n}\n"),
    ("variable_default_refers", "variable \"n\" {\n  default = local.x\n}\nlocals {\n  x = 1\n}\n"),
    ("moved_nothing", "moved {\n  from = storage.module.code\n  to   = flow.ok\n}\n"),
    ("moved_incomplete", "moved {\n  from = flow.a\n}\n"),
    (
        "ignore_unknown",
        "flow \"x\" {\n  storage = storage.module.code\n\n  lifecycle {\n    ignore_changes = [\"env\"]\n  }\n}\n",
    ),
    (
        "ignore_unknown_path",
        "flow \"x\" {\n  storage = storage.module.code\n\n  lifecycle {\n    ignore_changes = [evn]\n  }\n}\n",
    ),
    (
        "prevent_destroy_text",
        "flow \"x\" {\n  storage = storage.module.code\n\n  lifecycle {\n    prevent_destroy = \"perhaps\"\n  }\n}\n",
    ),
    (
        "depends_on_text",
        "flow \"x\" {\n  storage    = storage.module.code\n  depends_on = [\"flow.ok\"]\n}\n",
    ),
    // The registry's own block is in the good file; here it is replaced.
    ("provider_unknown", "flow \"x\" {\n  storage  = storage.module.code\n  provider = nowhere\n}\n"),
    (
        "provider_alias_unknown",
        "flow \"x\" {\n  storage  = storage.module.code\n  provider = local.other\n}\n",
    ),
    (
        "several_at_once",
        "flow \"x\" {\n  stroage = storage.module.code\n  labels  = [local.nothing]\n}\nflwo \"y\" {\n}\noutput \"z\" {\n  value = uper(\"a\")\n}\nvariable \"v\" {\n  type = strnig\n}\n",
    ),
];

#[test]
fn every_mistake_has_its_place_and_leaves_the_registry_alone() {
    assert!(CASES.len() >= 40);
    let project = Project::applied(HEAD);
    let before = project.registry_files();
    let mut wrong = Vec::new();
    let mut texts: std::collections::BTreeMap<&str, String> = std::collections::BTreeMap::new();
    for (name, text) in CASES {
        project.write("bad.hcl", text);
        let run = project.run("apply --auto-approve");
        if run.code != Some(1) {
            wrong.push(format!("{name} is accepted: {}", run.all()));
            continue;
        }
        if !(run.stderr.contains("--> bad.hcl:") || run.stderr.contains("--> main.hcl:")) {
            wrong.push(format!("{name} has no place: {}", run.all()));
        }
        if !run.stdout.is_empty() {
            wrong.push(format!("{name} prints to the standard output: {}", run.all()));
        }
        if project.registry_files() != before {
            wrong.push(format!("{name} changed the registry"));
        }
        if run.stderr.contains("hunter2")
            && *name != "plaintext_in_secret_env"
            && !text.contains("\"hunter2\"")
        {
            wrong.push(format!("{name} shows a secret"));
        }
        let validate = project.run("validate");
        if TOLD_BY_PLAN.contains(name) {
            if validate.code != Some(0) {
                wrong.push(format!("{name} is a mistake for a plan alone: {}", validate.all()));
            }
        } else if validate.stderr != run.stderr {
            wrong.push(format!("{name}: validate and apply differ:\n{}\n{}", validate.stderr, run.stderr));
        }
        let group = name.split('_').next().unwrap_or(name);
        let section = texts.entry(group).or_default();
        section.push_str(&format!("=== {name}\n{text}---\n{}\n", run.stderr));
    }
    for (group, text) in texts {
        snapshot!(format!("errors_{group}"), text);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
