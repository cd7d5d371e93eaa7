//! Every check that has a name, through `validate` or `plan`: one configuration that it finds something in, what it says, and that a flow, or
//! the `flowform` block, silences it by its name.

use flowform::flow::check::CHECKS;

use crate::support::{Project, snapshot};

/// A configuration for each check; `IGNORE` stands where a flow names the checks that it ignores.
const CASES: &[(&str, &str)] = &[
    (
        "agent-coverage",
        r#"agent "docker" "near" {
  labels = ["eu", "prod"]
}
agent "docker" "far" {
  labels = ["us"]
}
flow "etl" {
  storage = storage.module.code
  labels  = ["eu", "gpu"]
IGNORE
  run_config "docker" {
    image = "etl:1"
  }
}"#,
    ),
    (
        "agent-volumes",
        r#"agent "docker" "host" {
  volumes = ["/data:/data"]
}
flow "etl" {
  storage = storage.module.code
IGNORE
  run_config "docker" {
    image       = "etl:1"
    host_config = { binds = ["/models:/models"] }
  }
}"#,
    ),
    (
        "built-in-template",
        r#"flow "etl" {
  storage = storage.module.code
IGNORE
  run_config "kubernetes" {
    image = "etl:1"
  }
}"#,
    ),
    (
        "dropped-variable",
        r#"flow "etl" {
  storage = storage.module.code
IGNORE
  run_config "ecs" {
    task_definition = {
      networkMode = "awsvpc"
      cpu         = 256
      memory      = 512
      containerDefinitions = [{
        name             = "flow"
        image            = "etl:1"
        environment      = [{ name = "REGION" }]
        logConfiguration = { logDriver = "splunk" }
      }]
    }
  }
}"#,
    ),
    (
        "fargate-setting",
        r#"flow "etl" {
  storage = storage.module.code
IGNORE
  run_config "ecs" {
    task_definition = {
      requiresCompatibilities = ["FARGATE"]
      networkMode             = "awsvpc"
      cpu                     = 256
      memory                  = 512
      containerDefinitions = [{
        name             = "flow"
        image            = "etl:1"
        privileged       = true
        logConfiguration = { logDriver = "awslogs" }
      }]
    }
  }
}"#,
    ),
    (
        "fargate-size",
        r#"agent "ecs" "prod" {}
flow "etl" {
  storage = storage.module.code
IGNORE
  run_config "ecs" {
    image  = "etl:1"
    cpu    = "0.25 vcpu"
    memory = "8 GB"
  }
}"#,
    ),
    (
        "image-overruled",
        r#"storage "docker" "built" {
  registry_url = "registry.example.com/team"
  image_name   = "etl"
  image_tag    = "v3"
}
flow "etl" {
  storage = storage.docker.built
IGNORE
  run_config "docker" {
    image = "etl:1"
  }
}"#,
    ),
    (
        "latest-image",
        r#"flow "etl" {
  storage = storage.module.code
IGNORE
  run_config "docker" {
    image = "registry.example.com:5000/etl"
  }
}"#,
    ),
    (
        "long-name",
        r#"flow "etl" {
  name    = "every night the orders of all shops of all regions are loaded joined and put where the reports of the next day expect them to be found"
  storage = storage.module.code
IGNORE
  run_config "vertex" {
    image = "etl:1"
  }
}"#,
    ),
    (
        "no-execution-role",
        r#"agent "ecs" "prod" {}
flow "etl" {
  storage = storage.module.code
IGNORE
  run_config "ecs" {
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/etl:1"
  }
}"#,
    ),
    (
        "no-flow-container",
        r#"flow "etl" {
  storage = storage.module.code
IGNORE
  run_config "ecs" {
    image = "etl:1"
    task_definition = {
      networkMode          = "awsvpc"
      cpu                  = 256
      memory               = 512
      containerDefinitions = [{ name = "main", image = "etl:1" }]
    }
  }
}"#,
    ),
    (
        "no-logs",
        r#"flow "etl" {
  storage = storage.module.code
IGNORE
  run_config "ecs" {
    task_definition = {
      networkMode          = "awsvpc"
      cpu                  = 256
      memory               = 512
      containerDefinitions = [{ name = "flow", image = "etl:1" }]
    }
  }
}"#,
    ),
    (
        "no-task-role",
        r#"storage "s3" "code" {
  bucket           = "flows"
  key              = "etl.py"
  stored_as_script = true
}
agent "ecs" "prod" {}
flow "etl" {
  storage = storage.s3.code
IGNORE
  run_config "ecs" {
    image = "etl:1"
  }
}"#,
    ),
    (
        "plaintext-secret",
        r#"flow "etl" {
  storage = storage.module.code
IGNORE
  run_config "docker" {
    image = "etl:1"
    env   = { DB_PASSWORD = "hunter2-and-more" }
  }
}"#,
    ),
    (
        "short-network",
        r#"flow "etl" {
  storage = storage.module.code
IGNORE
  run_config "vertex" {
    image   = "etl:1"
    network = "default"
  }
}"#,
    ),
    (
        "task-count",
        r#"agent "ecs" "prod" {}
flow "etl" {
  storage = storage.module.code
IGNORE
  run_config "ecs" {
    image           = "etl:1"
    run_task_kwargs = { count = 2 }
  }
}"#,
    ),
    (
        "template-overwritten",
        r#"flow "etl" {
  storage = storage.module.code
IGNORE
  run_config "kubernetes" {
    job_template = {
      apiVersion = "batch/v1"
      kind       = "Job"
      spec = {
        template = {
          spec = {
            containers    = [{ name = "flow", image = "etl:1", args = ["python", "main.py"] }]
            restartPolicy = "Never"
          }
        }
      }
    }
  }
}"#,
    ),
    (
        "unlabelled-flow",
        r#"agent "docker" "host" {
  labels = ["eu"]
}
flow "etl" {
  storage = storage.module.code
IGNORE
  run_config "docker" {
    image = "etl:1"
  }
}"#,
    ),
    (
        "vertex-apostrophe",
        r#"flow "etl" {
  storage = storage.module.code
IGNORE
  run_config "vertex" {
    image = "etl:1"
    env   = { GREETING = "it's me" }
  }
}"#,
    ),
];

/// The configuration of a case, with an argument of the flow and one of the `flowform` block.
fn text(case: &str, flow: &str, root: &str) -> String {
    let head = format!(
        "flowform {{\n  project = \"shop\"\n{root}}}\nstorage \"module\" \"code\" {{\n  module = \"shop.flows\"\n}}\n"
    );
    format!("{head}{}\n", case.replace("IGNORE\n", flow))
}

#[test]
fn every_check_finds_what_it_is_for_and_is_silenced_by_its_name() {
    let words: Vec<&str> = CHECKS.iter().map(|check| check.word).collect();
    assert_eq!(CASES.iter().map(|(word, _)| *word).collect::<Vec<_>>(), words, "a case for each check");
    for (check, (word, case)) in CHECKS.iter().zip(CASES) {
        let project = Project::new(&text(case, "", ""));
        // Another root may have published an agent: only a plan knows, and `validate` warns.
        let by_agents = matches!(*word, "agent-coverage" | "unlabelled-flow");
        let told = project.run(if by_agents { "plan" } else { "validate" });
        let error = check.severity == flowform::diag::Severity::Error;
        assert_eq!(told.code, Some(i32::from(error)), "{word}: {}", told.all());
        let named = format!("ignore_checks = [\"{word}\"]");
        assert!(told.all().contains(check.summary), "{word}: {}", told.all());
        snapshot!(format!("named_check_{}", word.replace('-', "_")).as_str(), told.all());

        let ignored = project.run("validate --json").json();
        let count = |told: &serde_json::Value| {
            let all = told["diagnostics"].as_array().expect("a list of diagnostics").iter();
            all.filter(|diagnostic| diagnostic["summary"] == check.summary).count()
        };
        assert_eq!(count(&ignored), 1, "{word}: it is told once: {ignored:#}");
        for (flow, root) in [(format!("  {named}\n"), String::new()), (String::new(), format!("  {named}\n"))]
        {
            project.write("main.hcl", &text(case, &flow, &root));
            let silent = project.run("validate --json");
            assert_eq!(count(&silent.json()), 0, "{word}: {}", silent.all());
            let plan = project.run("plan").succeeds();
            assert!(!plan.all().contains(check.summary), "{word}: {}", plan.all());
        }
    }
}

#[test]
fn a_check_that_does_not_exist_cannot_be_ignored() {
    let project = Project::new(&text(CASES[7].1, "  ignore_checks = [\"latest-images\"]\n", ""));
    let told = project.run("validate").fails().complains("latest-image");
    snapshot!("named_check_unknown", told.all());
}

#[test]
fn a_mistake_of_a_run_config_is_told_once_and_where_it_is_written() {
    let project = Project::new(
        r#"
flowform {
  project = "shop"
}
storage "module" "code" {
  module = "shop.etl"
}
run_config "kubernetes" "base" {
  cpu_limit = "zz"
}
run_config "kubernetes" "small" {
  extends     = run_config.kubernetes.base
  cpu_request = "q"
}
run_config "ecs" "unused" {
  task_definition = { cpuu = 256 }
}
flow "etl" {
  for_each   = { a = 1, b = 2 }
  storage    = storage.module.code
  run_config = run_config.kubernetes.small
}
"#,
    );
    snapshot!("run_config_mistakes", project.run("validate").fails().all());
}
