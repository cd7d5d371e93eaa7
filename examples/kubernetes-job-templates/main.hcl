# Job templates kept in a cluster, one immutable ConfigMap for each version of a flow.

flowform {
  project = "kubernetes-job-templates"

  registry "local" {
    path = ".flowform/registry"
  }
}

# The kubeconfig says which cluster, as whom, and in which namespace.
provider "kubernetes" {
  config_path = "kubeconfig"
}

agent "kubernetes" "cluster" {
  namespace = "flows"
}

storage "module" "code" {
  module = "shop.flows"
}

# Resources.
flow "resources" {
  storage = storage.module.code

  run_config "kubernetes" {
    image          = "example/etl:1.4"
    cpu_request    = 2
    memory_request = "2Gi"
  }
}

# A template in S3, read when a run is started, and laid over by what is written here.
flow "s3" {
  storage = storage.module.code

  run_config "kubernetes" {
    job_template_path = "s3://example-bucket/my_custom_template.yaml"
  }
}

# A pull policy, and the secret to pull with.
flow "pulled" {
  storage = storage.module.code

  run_config "kubernetes" {
    image              = "example/etl:latest"
    image_pull_policy  = "Always"
    image_pull_secrets = ["registry"]
  }
}

# A template of one's own, and a service account.
flow "custom" {
  storage = storage.module.code

  run_config "kubernetes" {
    service_account_name = "flow-runner"

    job_template = {
      apiVersion = "batch/v1"
      kind       = "Job"
      metadata   = { labels = { team = "data" } }

      spec = {
        backoffLimit = 2

        template = {
          spec = {
            containers = [{
              name      = "flow"
              image     = "example/etl:1.4"
              resources = { limits = { cpu = "500m", memory = "1Gi" } }
            }]
          }
        }
      }
    }
  }
}
