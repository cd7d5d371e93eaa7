# Vertex run configs: the flow runs as a CustomJob of Vertex AI. A CustomJob runs as soon as it is made, so apply records the
# whole job of each version, and a run submits it.

flowform {
  project = "run-config-vertex"

  registry "local" {
    path = ".flowform/registry"
  }
}

agent "vertex" "training" {
  project     = "my-project"
  region_name = "europe-west4"
}

storage "module" "code" {
  module = "shop.flows"
}

# The defaults set on the agent: one e2-standard-4.
run_config "vertex" "defaults" {}

run_config "vertex" "environment" {
  env = { SOME_VAR = "value" }
}

run_config "vertex" "image" {
  image        = "example/image-name:with-tag"
  machine_type = "e2-highmem-16"
}

# The original's manual has `network="my-network"`. Vertex AI refuses a short name: it takes the full one, with the number of
# the project.
run_config "vertex" "account" {
  service_account = "my-account@my-project.iam.gserviceaccount.com"
  network         = "projects/123456789012/global/networks/my-network"
}

# At most an hour.
run_config "vertex" "limited" {
  scheduling = { timeout = "3600s" }
}

# Two pools: the first runs the flow, with a container that the run makes; the second runs its own. The original's manual
# calls the image of the second `image`, which Vertex AI does not know: the field is `image_uri`.
run_config "vertex" "pools" {
  worker_pool_specs = [
    {
      machine_spec  = { machine_type = "e2-standard-4" }
      replica_count = 1
    },
    {
      machine_spec   = { machine_type = "e2-highmem-16" }
      replica_count  = 3
      container_spec = { image_uri = "europe-docker.pkg.dev/my-project/shop/my-image:1.4.2" }
    },
  ]
}

flow "example" {
  for_each = {
    defaults    = run_config.vertex.defaults
    environment = run_config.vertex.environment
    image       = run_config.vertex.image
    account     = run_config.vertex.account
    limited     = run_config.vertex.limited
    pools       = run_config.vertex.pools
  }

  storage    = storage.module.code
  run_config = each.value
}
