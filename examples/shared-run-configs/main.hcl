# Shared run configs: what many flows have in common is written once, and each flow adds what is its own. Agents with
# labels say which machines there are, so that a flow that nobody could take is found in the plan.

flowform {
  project        = "analytics"
  default_labels = ["linux"] # every flow has this label

  registry "local" {
    path = ".flowform/registry"
  }
}

# The agents that serve the flows. An agent takes a run when it carries all labels of the run; apply publishes them,
# so that other root configurations of the project can rely on them.
agent "local" "batch" {
  labels   = ["batch", "eu", "linux"]
  env_vars = { TZ = "UTC" }
}

agent "local" "gpu" {
  labels = ["eu", "gpu", "linux"]
}

storage "gitlab" "code" {
  repo = "analytics/flows"
  path = "flows/main.py"
  ref  = "release-12"
}

# The common base. A universal run config can be the base of every kind.
run_config "universal" "base" {
  labels = ["eu"]

  env = {
    BUCKET    = "analytics-eu"
    LOG_LEVEL = "INFO"
  }

  # By reference, never by value: a variable or a file of the machine that starts the run.
  secret_env = {
    WAREHOUSE_PASSWORD = "file:/run/secrets/warehouse"
    API_TOKEN          = "env:ANALYTICS_API_TOKEN"
  }
}

# `extends`: its own fields replace those of the base, `env` and `secret_env` are merged by name, labels are united.
run_config "local" "batch" {
  extends     = run_config.universal.base
  labels      = ["batch"]
  working_dir = "/srv/analytics"
}

run_config "local" "gpu" {
  extends     = run_config.universal.base
  labels      = ["gpu"]
  working_dir = "/srv/analytics"

  env = {
    LOG_LEVEL            = "WARNING" # instead of the base's
    CUDA_VISIBLE_DEVICES = 0
  }
}

flow "sessions" {
  storage    = storage.gitlab.code
  run_config = run_config.local.batch
  agent      = agent.local.batch # this very agent must be able to take it

  parameters = {
    gap_minutes = 30
  }

  # Every fifteen minutes, and once more in full at night with parameters of its own.
  schedule {
    interval = "15m"
    start    = "2026-01-01T00:00:00Z"
  }
  schedule {
    cron       = "30 2 * * *"
    timezone   = "Europe/Berlin"
    parameters = { full = true }
  }
}

flow "train" {
  storage    = storage.gitlab.code
  run_config = run_config.local.gpu
  parameters = {
    epochs = 20
    model  = { layers = [128, 64], dropout = 0.1 }
  }
}

# A run config that only one flow has is written inside it; it can extend a shared one all the same.
flow "report" {
  storage = storage.gitlab.code

  run_config "local" {
    extends = run_config.local.batch
    env     = { REPORT_TO = "finance" }
  }
}

# Not every flow is Python: the runtime `command` starts any program.
flow "cleanup" {
  runtime    = "command"
  command    = ["/usr/local/bin/cleanup", "--older-than", "90d"]
  run_config = run_config.universal.base
}
