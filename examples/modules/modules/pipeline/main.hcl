# Extracts and loads the data of one shop.

storage "module" "code" {
  module = "shops.pipeline"
}

run_config "local" "worker" {
  labels = [var.region]
  env    = { QUERY = file("${path.module}/query.sql") }
}

flow "extract" {
  name       = "extract-${var.name}"
  storage    = storage.module.code
  run_config = run_config.local.worker
  parameters = { shop = var.name }

  schedule {
    cron = "0 ${var.hour} * * *"
  }
}

flow "load" {
  name       = "load-${var.name}"
  storage    = storage.module.code
  run_config = run_config.local.worker
  parameters = { shop = var.name, after = flow.extract.name }
}
