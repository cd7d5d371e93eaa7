//! `import` blocks: existing objects become flows through the plan, once.

use crate::support::{Project, snapshot};

const SHOP: &str = r#"flowform {
  project = "shop"
}

storage "module" "code" {
  module = "shop.etl"
}

flow "etl" {
  for_each = toset(["eu", "us"])
  storage  = storage.module.code

  run_config "local" {
    env = { REGION = each.key }
  }
}
"#;

/// Artifacts of flows that are no longer recorded, by instance.
fn forgotten() -> (Project, Vec<String>) {
    let project = Project::applied(SHOP);
    let artifact = |key: &str| -> String {
        let versions = project.versions(&format!("flow.etl[\"{key}\"]"));
        versions["versions"][0]["artifacts"][0]["id"].as_str().expect("an artifact").to_owned()
    };
    let artifacts = vec![artifact("eu"), artifact("us")];
    for key in ["eu", "us"] {
        project.run_args(&["state", "rm", &format!("flow.etl[\"{key}\"]"), "--auto-approve"]).succeeds();
    }
    (project, artifacts)
}

#[test]
fn objects_become_flows_once() {
    let (project, artifacts) = forgotten();
    let blocks = format!(
        "\nlocals {{\n  found = {{ eu = \"{}\", us = \"{}\" }}\n}}\n\nimport {{\n  for_each = local.found\n  to       = flow.etl[each.key]\n  id       = each.value\n}}\n",
        artifacts[0], artifacts[1]
    );
    project.write("import.hcl", &blocks);
    project.run("validate").succeeds();
    let mut text = project.plan().stdout;
    text.push_str(&project.apply().stdout);
    // Now that they are recorded, the blocks have done their work.
    text.push_str(&project.apply().stdout);
    snapshot!("import_blocks", text);
    project.is_settled();
    assert_eq!(project.artifacts().len(), 2, "nothing was made");
    std::fs::remove_file(project.path().join("import.hcl")).expect("a file can be removed");
    project.is_settled();
}

#[test]
fn imports_that_are_wrong() {
    let (project, artifacts) = forgotten();
    let mut text = String::new();
    for (name, block) in [
        ("not_a_flow", "to = storage.module.code\n  id = \"x\"".to_owned()),
        ("unknown_flow", "to = flow.elt[\"eu\"]\n  id = \"x\"".to_owned()),
        ("unknown_instance", "to = flow.etl[\"ap\"]\n  id = \"x\"".to_owned()),
        ("no_id", "to = flow.etl[\"eu\"]".to_owned()),
        ("secret_id", "to = flow.etl[\"eu\"]\n  id = sensitive(\"x\")".to_owned()),
        ("no_object", "to = flow.etl[\"eu\"]\n  id = \"specs/x.json\"".to_owned()),
        ("no_such_module", "to = module.region[\"eu\"].flow.etl\n  id = \"x\"".to_owned()),
        ("a_module", "to = module.region\n  id = \"x\"".to_owned()),
        ("a_splat", "to = module.region[*].flow.etl\n  id = \"x\"".to_owned()),
        ("odd_key", "to = flow.etl[true]\n  id = \"x\"".to_owned()),
        ("odd_module_key", "to = module.region[sensitive(\"eu\")].flow.etl\n  id = \"x\"".to_owned()),
        ("each", "to = flow.etl[each.key]\n  id = \"x\"".to_owned()),
        (
            "twice",
            format!(
                "to = flow.etl[\"eu\"]\n  id = \"{0}\"\n}}\n\nimport {{\n  to = flow.etl[\"eu\"]\n  id = \"{0}\"",
                artifacts[0]
            ),
        ),
    ] {
        project.write("import.hcl", &format!("import {{\n  {block}\n}}\n"));
        text.push_str(&format!("--- {name}\n{}\n", project.run("plan").fails().stderr));
    }
    snapshot!("import_errors", text);
}

#[test]
fn objects_become_flows_of_modules() {
    let project = Project::new(
        r#"flowform {
  project = "shop"
}

module "region" {
  source   = "./region"
  for_each = toset(["eu", "us"])
  name     = each.key
}
"#,
    );
    project.write(
        "region/main.hcl",
        r#"variable "name" {}

module "load" {
  source = "../load"
  count  = 1
  name   = var.name
}
"#,
    );
    project.write(
        "load/main.hcl",
        r#"variable "name" {}

flow "etl" {
  for_each = toset(["hourly", "daily"])
  name     = "${var.name}-${each.key}"
  storage  = storage.module.code

  run_config "local" {
    env = { REGION = var.name }
  }
}

storage "module" "code" {
  module = "shop.load"
}
"#,
    );
    project.apply();
    let address =
        |region: &str, key: &str| format!("module.region[\"{region}\"].module.load[0].flow.etl[\"{key}\"]");
    let mut found = Vec::new();
    for region in ["eu", "us"] {
        for key in ["daily", "hourly"] {
            let versions = project.versions(&address(region, key));
            let id = versions["versions"][0]["artifacts"][0]["id"].as_str().expect("an artifact");
            found.push(format!("    \"{region}-{key}\" = \"{id}\"\n"));
        }
    }
    for region in ["eu", "us"] {
        for key in ["daily", "hourly"] {
            project.run_args(&["state", "rm", &address(region, key), "--auto-approve"]).succeeds();
        }
    }
    let blocks = format!(
        "import {{\n  for_each = {{\n{}  }}\n  to = module.region[split(\"-\", each.key)[0]].module.load[0].flow.etl[split(\"-\", each.key)[1]]\n  id = each.value\n}}\n",
        found.concat()
    );
    project.write("import.hcl", &blocks);
    project.run("validate").succeeds();
    let mut text = project.plan().stdout;
    text.push_str(&project.apply().stdout);
    snapshot!("import_modules", text);
    project.apply();
    assert_eq!(project.artifacts().len(), 4, "nothing was made");
    project.is_settled();
    // As in Terraform, a module that is called from several places imports nothing.
    std::fs::rename(project.path().join("import.hcl"), project.path().join("load/import.hcl"))
        .expect("a file can be moved");
    snapshot!("import_in_module", project.run("plan").fails().stderr);
    // In JSON, the address is a text.
    std::fs::remove_file(project.path().join("load/import.hcl")).expect("a file can be removed");
    project.run_args(&["state", "rm", &address("eu", "daily"), "--auto-approve"]).succeeds();
    let id = found[0].split('"').nth(3).expect("an id");
    project.write(
        "import.hcl.json",
        &serde_json::json!({ "import": { "to": address("eu", "daily"), "id": id } }).to_string(),
    );
    project.apply();
    project.apply();
    assert_eq!(project.artifacts().len(), 4, "nothing was made");
    project.is_settled();
}
