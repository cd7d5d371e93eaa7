# Variables: one directory for development and production.
#
#   flowform plan                             development: the values of stage.auto.hclvars
#   flowform plan --var-file prod.hclvars     production: those of prod.hclvars over them
#   flowform plan --var workers=4             one value from the command line, which is the strongest
#
# A value comes from the first of these that has one: --var, --var-file (a later file is stronger), *.auto.hclvars
# (a later name is stronger), the environment (FLOWFORM_VAR_<name>), the default.

# The block is read before anything is evaluated, but variables may stand in it: each stage is a project of its own.
flowform {
  required_version = ">= 0.1"
  project          = "shop-${var.stage}"
  default_labels   = [var.stage]

  registry "local" {
    path = ".flowform/registry"
  }
}

variable "stage" {
  type        = string
  description = "Which stage this is."

  validation {
    condition     = contains(["dev", "prod"], var.stage)
    error_message = "The stage is dev or prod, and not ${var.stage}."
  }
}

variable "workers" {
  type     = number
  default  = 1
  nullable = false # a null gets the default

  validation {
    condition     = var.workers >= 1 && floor(var.workers) == var.workers
    error_message = "There is at least one worker, and no half ones."
  }
}

# An object: attributes may be optional, with a default of their own.
variable "warehouse" {
  type = object({
    host    = string
    port    = optional(number, 5432)
    schemas = optional(set(string), ["public"])
  })
}

# Options by table; whatever is left out gets its default.
variable "tables" {
  type = map(object({
    hour  = optional(number, 3)
    limit = optional(number)
  }))
  default = {}
}

# A sensitive value is shown nowhere, and may not become part of a flow: its run would hold it in plaintext. Here it
# is only asked about. What a flow needs at run time is referred to by `secret_env`.
variable "license_key" {
  type      = string
  default   = ""
  sensitive = true
}

locals {
  is_prod = var.stage == "prod"
  address = "${var.warehouse.host}:${var.warehouse.port}"
}

storage "module" "code" {
  module = "shop.flows.load"
}

run_config "local" "load" {
  working_dir = "/srv/shop/${var.stage}"

  env = {
    WAREHOUSE = local.address
    SCHEMAS   = join(",", var.warehouse.schemas)
    WORKERS   = var.workers # numbers and booleans become text
    DRY       = !local.is_prod
  }

  secret_env = {
    WAREHOUSE_PASSWORD = "file:/run/secrets/warehouse-${var.stage}"
  }
}

flow "load" {
  for_each = var.tables

  storage    = storage.module.code
  run_config = run_config.local.load
  parameters = {
    table = each.key
    limit = each.value.limit
  }

  schedule {
    cron = "0 ${each.value.hour} * * *"
  }

  # Development forgets sooner.
  keep_versions = local.is_prod ? 10 : 2
  keep_for      = local.is_prod ? "90d" : "1d"
}

output "flows" {
  value = { for table, flow in flow.load : table => flow.name }
}

output "licensed" {
  value = nonsensitive(var.license_key != "")
}
