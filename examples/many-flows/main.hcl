# Many flows: one block makes a flow for each region and table.
#
#   flowform plan                                        all of them
#   flowform plan --target 'flow.load["eu/orders"]'      one of them
#
# Change `tag` below after an apply: the plan tells once what changes in all flows alike, and lists their addresses.

flowform {
  project = "warehouse"

  registry "local" {
    path = ".flowform/registry"
  }
}

locals {
  regions = {
    eu = { timezone = "Europe/Berlin", hour = 2 }
    us = { timezone = "America/New_York", hour = 3 }
    ap = { timezone = "Asia/Singapore", hour = 1 }
  }

  tables = ["customers", "invoices", "orders", "stock"]

  # The keys are what keeps the flows apart: a flow keeps its history as long as its key stays the same, wherever it
  # stands in the list.
  loads = {
    for pair in setproduct(keys(local.regions), local.tables) :
    "${pair[0]}/${pair[1]}" => {
      region = pair[0]
      table  = pair[1]
      minute = index(local.tables, pair[1]) * 5 # not all at once
    }
  }
}

storage "git" "code" {
  repo      = "shop/flows"
  flow_path = "flows/load.py"
  tag       = "v1.4.0"
}

run_config "local" "load" {
  for_each = local.regions

  labels = [each.key]
  env = {
    REGION = each.key
  }
}

flow "load" {
  for_each = local.loads

  name       = "load-${each.value.region}-${each.value.table}"
  storage    = storage.git.code
  run_config = run_config.local.load[each.value.region]

  parameters = {
    table = each.value.table
  }

  schedule {
    cron     = "${each.value.minute} ${local.regions[each.value.region].hour} * * *"
    timezone = local.regions[each.value.region].timezone
  }
}

# The report of a region starts when its tables are loaded: it gets the versions that it builds on. They are known
# only after apply, so these flows are registered after the others.
flow "report" {
  for_each = local.regions

  storage    = storage.git.code
  run_config = run_config.local.load[each.key]

  parameters = {
    built_on = {
      for key, load in local.loads : load.table => flow.load[key].version if load.region == each.key
    }
  }
}

output "versions" {
  value = { for key, flow in flow.load : key => flow.version }
}
