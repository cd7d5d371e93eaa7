# Kubernetes run configs: the flow runs as a Job.

flowform {
  project = "run-config-kubernetes"

  registry "local" {
    path = ".flowform/registry"
  }
}

agent "kubernetes" "cluster" {
  namespace            = "flows"
  service_account_name = "flow-runner"
}

storage "module" "code" {
  module = "shop.flows"
}

locals {
  run_configs = {
    # The defaults set on the agent.
    defaults = run_config.kubernetes.defaults
    # An image, a variable, resources.
    plain     = run_config.kubernetes.plain
    resources = run_config.kubernetes.resources
    # Templates: a file, an object, an object of S3.
    file   = run_config.kubernetes.file
    inline = run_config.kubernetes.inline
    s3     = run_config.kubernetes.s3
    pulled = run_config.kubernetes.pulled
  }
}

run_config "kubernetes" "defaults" {}

run_config "kubernetes" "plain" {
  image      = "example/image-name:with-tag"
  env        = { SOME_VAR = "value" }
  secret_env = { DATABASE_URL = "shop-database/url" } # a Secret of the namespace, and a key in it
}

run_config "kubernetes" "resources" {
  cpu_request    = 2
  memory_request = "2Gi"
}

# A template in a file of this directory. It is read when the plan is made, so a change of the file makes a new version.
run_config "kubernetes" "file" {
  job_template_path = "my_custom_template.yaml"
}

# The same as part of the configuration: the run takes the first container, and the others stay as they are.
run_config "kubernetes" "inline" {
  job_template = {
    apiVersion = "batch/v1"
    kind       = "Job"

    spec = {
      template = {
        spec = {
          nodeSelector = { "kubernetes.io/arch" = "amd64" }

          containers = [
            { name = "flow" },
            { name = "proxy", image = "registry.example.com/proxy:2.1.0" },
          ]
        }
      }
    }
  }
}

# A template in S3 is read by the agent when a run starts; image and CPU limit replace the template's. The original's manual
# has the image `example/my-custom-image:latest`: a tag that moves, which no version can see.
run_config "kubernetes" "s3" {
  job_template_path = "s3://example-bucket/my_custom_template.yaml"
  image             = "example/my-custom-image:2.0.0"
  cpu_limit         = 2
}

# The original's manual prints `image="example/my-custom-image:my-tag,`, without the closing quote.
run_config "kubernetes" "pulled" {
  image             = "example/my-custom-image:my-tag"
  image_pull_policy = "Always"
}

flow "example" {
  for_each = local.run_configs

  storage    = storage.module.code
  run_config = each.value
}
