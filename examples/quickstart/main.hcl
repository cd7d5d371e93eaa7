# Quickstart: one flow that runs as a process, with a schedule. Nothing but this directory is needed.
#
#   flowform --chdir examples/quickstart plan     shows what would be registered
#   flowform --chdir examples/quickstart apply    registers it, after asking
#
# Then change something below, for example the hour of the schedule, and plan again.

# The project that the flows belong to, and where their history is kept. A local directory is enough to begin with.
flowform {
  project = "quickstart"

  registry "local" {
    path = ".flowform/registry" # relative to this directory
  }
}

# What differs from time to time: `--var log_level=DEBUG`, or FLOWFORM_VAR_log_level=DEBUG in the environment.
variable "log_level" {
  type        = string
  default     = "INFO"
  description = "How much the flow says about its work."

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "The log level is one of DEBUG, INFO, WARNING and ERROR."
  }
}

# Where the flow's code is: here in a Python module that is installed where the flow runs.
storage "module" "code" {
  module = "shop.flows.etl"
}

# Where and how the flow runs: here as a process of the machine that takes the run.
run_config "local" "worker" {
  working_dir = "/srv/shop"

  env = {
    LOG_LEVEL = var.log_level
  }

  # A secret is never written down: it is read on the machine that starts the run.
  secret_env = {
    DATABASE_URL = "env:SHOP_DATABASE_URL"
  }
}

# The flow. Everything that a run needs becomes one numbered version; a change makes the next one.
flow "etl" {
  storage    = storage.module.code
  run_config = run_config.local.worker

  parameters = {
    tables = ["orders", "customers"]
    limit  = 1000
  }

  schedule {
    cron     = "0 6 * * 1-5" # at six, on weekdays
    timezone = "Europe/Berlin"
  }
}

# What other programs ask for: `flowform output etl_version`.
output "etl_version" {
  value       = flow.etl.version
  description = "The registered version of the flow."
}
