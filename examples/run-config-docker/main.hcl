# Docker run configs: the flow runs as a container of a Docker host.

flowform {
  project = "run-config-docker"

  registry "local" {
    path = ".flowform/registry"
  }
}

agent "docker" "host" {
  volumes  = ["/srv/cache:/cache:ro"]
  networks = ["flows"]
}

# The code is an importable module of the image.
storage "module" "code" {
  module = "shop.flows"
}

# The code is in an image of its own, which your build pushes under this name.
storage "docker" "image" {
  registry_url     = "registry.example.com/shop"
  image_name       = "etl"
  image_tag        = "1.4.2"
  path             = "/opt/flows/etl.py"
  stored_as_script = true
}

# The defaults set on the agent. The image is the original's own, with the tag of `prefect_version`.
run_config "docker" "defaults" {}

# A variable.
run_config "docker" "environment" {
  env = { SOME_VAR = "value" }
}

# An image, for storages that have none of their own. Name a tag that is never moved: a flow version cannot see that an
# image changed.
run_config "docker" "image" {
  image = "example/image-name:with-tag"
}

# What the manual leaves to the Docker client library: a limit of memory, more shared memory, a published port. `ports` are
# exposed; `port_bindings` publishes them. Each key of `host_config` replaces the agent's one.
run_config "docker" "host" {
  image = "example/image-name:with-tag"
  ports = [8080]

  host_config = {
    mem_limit     = "2g"
    shm_size      = "256m"
    port_bindings = { "8080/tcp" = 8080 }
  }
}

flow "defaults" {
  storage    = storage.module.code
  run_config = run_config.docker.defaults
}

flow "environment" {
  storage    = storage.module.code
  run_config = run_config.docker.environment
}

flow "image" {
  storage    = storage.module.code
  run_config = run_config.docker.image
}

flow "host" {
  storage    = storage.module.code
  run_config = run_config.docker.host
}

# With `docker` storage the image is the storage's, whatever the run config says.
flow "packed" {
  storage    = storage.docker.image
  run_config = run_config.docker.defaults
}
