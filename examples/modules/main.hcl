# One pipeline for each shop, from a module that is written once.

flowform {
  project = "shops"
}

locals {
  shops = {
    berlin = { region = "eu", hour = 5 }
    boston = { region = "us", hour = 11 }
  }
}

module "pipeline" {
  source   = "./modules/pipeline"
  for_each = local.shops

  name   = each.key
  region = each.value.region
  hour   = each.value.hour
}

# What one module makes, another flow can use.
storage "module" "report" {
  module = "shops.report"
}

flow "report" {
  storage = storage.module.report
  labels  = ["eu"]
  parameters = {
    loads = { for shop, pipeline in module.pipeline : shop => pipeline.load }
  }
}

output "flows" {
  value = concat([for shop in module.pipeline : shop.names]...)
}
