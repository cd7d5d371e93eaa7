# Refactoring: flows change their names and places and keep their history.
#
# A registry knows a flow by an identity that was made at its first version; its name and its address in the
# configuration are aliases. The blocks below say what became of flows that stood elsewhere before. On an empty
# registry they have nothing to do, and the plan says so.

flowform {
  project = "shop"

  registry "local" {
    path = ".flowform/registry"
  }
}

storage "module" "code" {
  module = "shop.flows.orders"
}

locals {
  regions = toset(["eu", "us"])
}

# There was one flow `orders` before; now there is one for each region. The old one goes on as the European one, with
# its versions, its family and its schedules.
flow "orders" {
  for_each = local.regions

  storage = storage.module.code

  run_config "local" {
    env = {
      REGION    = each.key
      IMAGE_TAG = "2026-10-01"
    }
  }

  parameters = { region = each.key }

  # Five versions can be gone back to at once; the others are kept for two weeks after they were superseded.
  keep_versions = 5
  keep_for      = "14d"

  lifecycle {
    # No plan may end these flows, `destroy` included.
    prevent_destroy = true

    # CI sets the tag with every build. What stands here is used for a new flow; later plans take it from the latest
    # version and do not compare it.
    ignore_changes = [env["IMAGE_TAG"]]
  }
}

moved {
  from = flow.orders
  to   = flow.orders["eu"]
}

# The name in the configuration has changed, and the flow's own name has not.
flow "stock" {
  name    = "inventory"
  storage = storage.module.code

  run_config "local" {}
}

moved {
  from = flow.inventory
  to   = flow.stock
}

# This flow moves to another team's configuration: its objects stay, and this project no longer manages it. Without
# the block, a flow that is no longer declared is archived and its artifacts are removed.
removed {
  from = flow.forecast

  lifecycle {
    destroy = false
  }
}

# This one ends. The block is not needed for that; it says in the review that it is meant.
removed {
  from = flow.legacy

  lifecycle {
    destroy = true
  }
}
