# Universal run configs: the flow says its environment and its labels, and any agent that carries the labels takes it.

flowform {
  project = "run-config-universal"

  registry "local" {
    path = ".flowform/registry"
  }
}

# Two agents of different kinds. Both carry `label-1` and `label-2`, so both can take the labelled flow below: it gets an
# artifact for each of their kinds.
agent "local" "machine" {
  labels = ["label-1", "label-2"]
}

agent "docker" "host" {
  labels = ["label-1", "label-2", "label-3"]
}

# An agent without labels takes the flows without labels, and no others.
agent "local" "plain" {}

storage "module" "code" {
  module = "shop.flows"
}

# The defaults set on the agent. A flow without a run config has this one.
run_config "universal" "defaults" {}

# Environment variables and labels. The original's manual prints
#
#   UniversalRun(env={"SOME_VAR": "value"}, ["label-1", "label-2"])
#
# which Python does not parse: the labels need the name of their argument.
run_config "universal" "labelled" {
  env    = { SOME_VAR = "value" }
  labels = ["label-1", "label-2"]
}

flow "defaults" {
  storage    = storage.module.code
  run_config = run_config.universal.defaults
}

flow "labelled" {
  storage    = storage.module.code
  run_config = run_config.universal.labelled
}
