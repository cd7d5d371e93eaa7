# Local run configs: the flow runs as a process of the agent's machine.

flowform {
  project = "run-config-local"

  registry "local" {
    path = ".flowform/registry"
  }
}

# An agent takes a flow when it carries all of the flow's labels; it may carry more. Of the two agents below the first takes
# the flow `labelled`, and the second does not: it has no `ml`. An agent without labels takes the flows without.
agent "local" "all" {
  labels = ["dev", "staging", "ml"]
}

agent "local" "some" {
  labels = ["dev", "staging"]
}

agent "local" "plain" {
  env_vars = { TZ = "UTC" }
}

storage "module" "code" {
  module = "shop.flows"
}

# The defaults set on the agent: its directory, its environment.
run_config "local" "defaults" {}

# A directory of the agent's machine, which must exist when the run starts. It is absolute: the original takes a relative
# path to be below the directory of whoever registers.
run_config "local" "directory" {
  working_dir = "/path/to/working-directory"
}

# A variable, and a secret that is read on the machine that starts the run.
run_config "local" "environment" {
  env        = { SOME_VAR = "value" }
  secret_env = { API_TOKEN = "file:/run/secrets/api-token" }
}

# Several labels.
run_config "local" "labelled" {
  labels = ["dev", "ml"]
}

flow "defaults" {
  storage    = storage.module.code
  run_config = run_config.local.defaults
}

flow "directory" {
  storage    = storage.module.code
  run_config = run_config.local.directory
}

flow "environment" {
  storage    = storage.module.code
  run_config = run_config.local.environment
}

flow "labelled" {
  storage    = storage.module.code
  run_config = run_config.local.labelled
  agent      = agent.local.all # this very agent must be able to take it
}
