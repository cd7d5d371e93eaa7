# Training on Vertex AI, with the spec of each version kept for one project and region. Nothing is started here, so that a plan
# and an apply need no rights on Vertex AI; `plan --verify` looks up accounts, networks, machines and images.

flowform {
  project = "vertex-training"

  # A team keeps it in a bucket: registry "gcs" { bucket = "acme-flowform" }
  registry "local" {
    path = ".flowform/registry"
  }
}

variable "image" {
  default = "europe-west4-docker.pkg.dev/acme-ml/shop/train:1.4.2"
}

provider "vertex" {
  project  = "acme-ml"
  location = "europe-west4"
}

agent "vertex" "training" {
  project         = "acme-ml"
  region_name     = "europe-west4"
  service_account = "runner@acme-ml.iam.gserviceaccount.com"
}

storage "gcs" "code" {
  bucket           = "acme-flows"
  key              = "flows/train.py"
  stored_as_script = true
}

# VertexRun(machine_type="e2-highmem-16") of the original's manual, for six hours at most.
run_config "vertex" "small" {
  image        = var.image
  machine_type = "e2-highmem-16"
  scheduling   = { timeout = "21600s" }
}

# Two pools: the first runs the flow, with a container that the run makes; the second runs its own. Accelerators have a type and a
# number; a reservation is drawn from first.
run_config "vertex" "distributed" {
  image   = var.image
  network = "projects/123456789012/global/networks/flows"

  worker_pool_specs = [
    {
      machine_spec = { machine_type = "n1-standard-8" }
    },
    {
      machine_spec = {
        machine_type         = "a2-highgpu-1g"
        accelerator_type     = "NVIDIA_TESLA_A100"
        accelerator_count    = 1
        reservation_affinity = { reservation_affinity_type = "ANY_RESERVATION" }
      }
      replica_count  = 4
      container_spec = { image_uri = var.image, command = ["python", "-m", "shop.worker"] }
      disk_spec      = { boot_disk_type = "pd-ssd", boot_disk_size_gb = 200 }
      nfs_mounts     = [{ server = "10.0.0.2", path = "/exports", mount_point = "data" }]
    },
  ]
}

# What the original's VertexRun has no argument for stands in `custom_job`, under the names of the service.
run_config "vertex" "observed" {
  extends = run_config.vertex.small

  custom_job = {
    labels         = { team = "shop" }
    encryptionSpec = { kmsKeyName = "projects/acme-ml/locations/europe-west4/keyRings/flows/cryptoKeys/jobs" }

    jobSpec = {
      enableWebAccess     = true
      baseOutputDirectory = { outputUriPrefix = "gs://acme-flows/out" }
      tensorboard         = "projects/acme-ml/locations/europe-west4/tensorboards/42"
    }
  }
}

flow "train" {
  for_each = {
    small       = run_config.vertex.small
    distributed = run_config.vertex.distributed
    observed    = run_config.vertex.observed
  }

  storage    = storage.gcs.code
  run_config = each.value
  agent      = agent.vertex.training
  parameters = { epochs = 10 }
}
