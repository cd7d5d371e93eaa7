# A first configuration: one flow that runs as a process on the machine of a local agent.
# `flowform plan` shows what would change, `flowform apply` makes it so.

flowform {
  project = "starter"

  # The record of every flow version. A directory is enough for one machine.
  registry "local" {
    path = ".flowform/registry"
  }
}

variable "log_level" {
  type        = string
  default     = "INFO"
  description = "How much the flows log."
}

# Where the flow's code is: a Python module that the agent's machine can import.
storage "module" "flows" {
  module = "flows.hello"
}

# Where and how it runs.
run_config "local" "default" {
  env = {
    PREFECT__LOGGING__LEVEL = var.log_level
  }
}

flow "hello" {
  storage    = storage.module.flows
  run_config = run_config.local.default

  parameters = {
    name = "world"
  }

  schedule {
    cron     = "0 6 * * *"
    timezone = "UTC"
  }
}

output "hello_version" {
  value = flow.hello.version
}
