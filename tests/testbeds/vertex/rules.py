"""What Vertex AI takes as a CustomJob, as strict as its published definitions say.

Bodies are parsed with the protobuf types of the package `google-cloud-aiplatform`, which reject unknown fields, wrong types
and two members of a oneof. The types carry no marks of required and output-only fields, and no limits: those are below, by
hand, each from the reference page of its message (REST reference v1, projects.locations.customJobs and what it links to).
"""

import re

from google.cloud.aiplatform_v1.types import CustomJob
from google.protobuf import json_format

# The fields of CustomJob that only the service sets.
OUTPUT_ONLY = [
    "name", "state", "create_time", "start_time", "end_time", "update_time", "error", "web_access_uris", "satisfies_pzs",
    "satisfies_pzi",
]
DISK_TYPES = {"", "pd-ssd", "pd-standard", "hyperdisk-balanced"}
NAMES = {
    "network": r"projects/[^/]+/global/networks/[^/]+",
    "tensorboard": r"projects/[^/]+/locations/[^/]+/tensorboards/[^/]+",
    "experiment": r"projects/[^/]+/locations/[^/]+/metadataStores/[^/]+/contexts/[^/]+",
    "experiment_run": r"projects/[^/]+/locations/[^/]+/metadataStores/[^/]+/contexts/[^/]+",
    "models": r"projects/[^/]+/locations/[^/]+/models/[^/]+",
    "kms_key_name": r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+",
    "network_attachment": r"([a-z]([-a-z0-9]*[a-z0-9])?|projects/[^/]+/regions/[^/]+/networkAttachments/[^/]+)",
}


class Invalid(Exception):
    """The request is refused; the text says why."""


def parse(body):
    """The message of a JSON body."""
    if not isinstance(body, dict):
        raise Invalid("Invalid JSON payload received.")
    try:
        message = json_format.ParseDict(body, CustomJob.pb()(), ignore_unknown_fields=False)
    except json_format.ParseError as error:
        raise Invalid(str(error)) from None
    return message


def check(job):
    """Refuses what the reference says is refused."""
    for name in OUTPUT_ONLY:
        if (name == "state" and job.state) or (name not in ("state",) and _is_set(job, name)):
            raise Invalid(f"{name}: field is output only")
    _require(job.display_name, "display_name")
    if len(job.display_name) > 128:
        raise Invalid("display_name: at most 128 characters")
    _labels(job.labels)
    if job.HasField("encryption_spec"):
        _require(job.encryption_spec.kms_key_name, "encryption_spec.kms_key_name")
        _name("kms_key_name", job.encryption_spec.kms_key_name)
    if not job.HasField("job_spec"):
        raise Invalid("job_spec: required")
    _spec(job.job_spec)


def _is_set(message, name):
    field = message.DESCRIPTOR.fields_by_name[name]
    if field.message_type is not None and not field.is_repeated:
        return message.HasField(name)
    return bool(getattr(message, name))


def _require(value, what):
    if not value:
        raise Invalid(f"{what}: required")


def _name(kind, value):
    if value and not re.fullmatch(NAMES[kind], value):
        raise Invalid(f"{kind}: {value!r} is not of the form {NAMES[kind]}")


def _labels(labels):
    if len(labels) > 64:
        raise Invalid("labels: at most 64")
    for key, value in labels.items():
        for text in (key, value):
            if len(text) > 64 or any(not _is_label_character(c) for c in text):
                raise Invalid(f"labels: {text!r} is no label")
        if not key:
            raise Invalid("labels: a key is empty")


def _is_label_character(c):
    return c in "_-" or c.isdigit() or (c.isalpha() and c.lower() == c)


def _spec(spec):
    pools = spec.worker_pool_specs
    if not pools:
        raise Invalid("worker_pool_specs: required")
    if len(pools) > 4:
        raise Invalid("worker_pool_specs: at most 4")
    if spec.persistent_resource_id and not re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", spec.persistent_resource_id):
        raise Invalid("persistent_resource_id: no resource id")
    for index, pool in enumerate(pools):
        _pool(index, pool, spec)
    scheduling = spec.scheduling
    for name in ("timeout", "max_wait_duration"):
        value = getattr(scheduling, name)
        if scheduling.HasField(name) and (value.seconds < 0 or value.nanos < 0):
            raise Invalid(f"scheduling.{name}: negative")
    if scheduling.HasField("timeout") and scheduling.timeout.seconds == 0 and scheduling.timeout.nanos == 0:
        raise Invalid("scheduling.timeout: must be positive")
    if spec.service_account and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", spec.service_account):
        raise Invalid("service_account: no e-mail address")
    _name("network", spec.network)
    if spec.reserved_ip_ranges and not spec.network:
        raise Invalid("reserved_ip_ranges: only with a network")
    if spec.HasField("psc_interface_config"):
        if spec.network:
            raise Invalid("psc_interface_config: not together with network")
        _name("network_attachment", spec.psc_interface_config.network_attachment)
        for config in spec.psc_interface_config.dns_peering_configs:
            for name in ("domain", "target_project", "target_network"):
                _require(getattr(config, name), f"dns_peering_configs.{name}")
            if not config.domain.endswith("."):
                raise Invalid("dns_peering_configs.domain: must end with a dot")
    if spec.HasField("base_output_directory"):
        prefix = spec.base_output_directory.output_uri_prefix
        _require(prefix, "base_output_directory.output_uri_prefix")
        if not re.fullmatch(r"gs://[^/]+(/.*)?", prefix):
            raise Invalid("base_output_directory.output_uri_prefix: no Cloud Storage URI")
    _name("tensorboard", spec.tensorboard)
    if spec.tensorboard and not spec.service_account:
        raise Invalid("tensorboard: only with a service_account")
    _name("experiment", spec.experiment)
    _name("experiment_run", spec.experiment_run)
    for model in spec.models:
        _name("models", model)


def _pool(index, pool, spec):
    at = f"worker_pool_specs[{index}]"
    if index > 0 and not pool.ByteSize():
        return
    task = pool.WhichOneof("task")
    if task is None:
        raise Invalid(f"{at}: neither container_spec nor python_package_spec")
    if pool.replica_count < 1:
        raise Invalid(f"{at}.replica_count: at least 1")
    if index == 0 and pool.replica_count != 1:
        raise Invalid(f"{at}.replica_count: the first pool has exactly one replica")
    machine = pool.machine_spec
    _require(machine.machine_type, f"{at}.machine_spec.machine_type")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", machine.machine_type):
        raise Invalid(f"{at}.machine_spec.machine_type: no machine type")
    if machine.accelerator_count < 0:
        raise Invalid(f"{at}.machine_spec.accelerator_count: negative")
    if bool(machine.accelerator_type) != bool(machine.accelerator_count):
        raise Invalid(f"{at}.machine_spec: accelerator_type and accelerator_count belong together")
    if machine.gpu_partition_size and machine.accelerator_count != 1:
        raise Invalid(f"{at}.machine_spec.gpu_partition_size: accelerator_count must be 1")
    if machine.tpu_topology and not re.fullmatch(r"\d+x\d+(x\d+)?", machine.tpu_topology):
        raise Invalid(f"{at}.machine_spec.tpu_topology: no topology")
    _reservation(at, machine)
    disk = pool.disk_spec
    if disk.boot_disk_type not in DISK_TYPES:
        raise Invalid(f"{at}.disk_spec.boot_disk_type: unknown")
    if disk.boot_disk_size_gb < 0 or 0 < disk.boot_disk_size_gb < 100 or disk.boot_disk_size_gb > 64000:
        raise Invalid(f"{at}.disk_spec.boot_disk_size_gb: from 100 to 64000")
    _mounts(at, pool, spec)
    if task == "container_spec":
        _require(pool.container_spec.image_uri, f"{at}.container_spec.image_uri")
        if re.search(r"\s", pool.container_spec.image_uri):
            raise Invalid(f"{at}.container_spec.image_uri: no image")
        _env(at, pool.container_spec.env)
    else:
        package = pool.python_package_spec
        for name in ("executor_image_uri", "package_uris", "python_module"):
            _require(getattr(package, name), f"{at}.python_package_spec.{name}")
        if len(package.package_uris) > 100:
            raise Invalid(f"{at}.python_package_spec.package_uris: at most 100")
        for uri in package.package_uris:
            if not re.fullmatch(r"gs://[^/]+/.+", uri):
                raise Invalid(f"{at}.python_package_spec.package_uris: no Cloud Storage URI")
        _env(at, package.env)


def _reservation(at, machine):
    if not machine.HasField("reservation_affinity"):
        return
    affinity = machine.reservation_affinity
    kind = affinity.DESCRIPTOR.enum_types_by_name["Type"].values_by_number[affinity.reservation_affinity_type].name
    if kind == "TYPE_UNSPECIFIED":
        raise Invalid(f"{at}.machine_spec.reservation_affinity.reservation_affinity_type: required")
    if kind == "SPECIFIC_RESERVATION":
        _require(affinity.key, f"{at}.machine_spec.reservation_affinity.key")
        _require(affinity.values, f"{at}.machine_spec.reservation_affinity.values")
    elif affinity.key or affinity.values:
        raise Invalid(f"{at}.machine_spec.reservation_affinity: key and values only for SPECIFIC_RESERVATION")


def _mounts(at, pool, spec):
    points = []
    for mount in pool.nfs_mounts:
        for name in ("server", "path", "mount_point"):
            _require(getattr(mount, name), f"{at}.nfs_mounts.{name}")
        if not mount.path.startswith("/"):
            raise Invalid(f"{at}.nfs_mounts.path: has to start with /")
        points.append(("nfs", mount.mount_point))
    for mount in pool.lustre_mounts:
        for name in ("instance_ip", "volume_handle", "filesystem", "mount_point"):
            _require(getattr(mount, name), f"{at}.lustre_mounts.{name}")
        points.append(("lustre", mount.mount_point))
    if points and not (spec.network or spec.HasField("psc_interface_config")):
        raise Invalid(f"{at}: file systems are mounted over a network, and the job has none")
    if len(points) != len(set(points)):
        raise Invalid(f"{at}: two file systems at one mount point")


def _env(at, env):
    if len(env) > 100:
        raise Invalid(f"{at}: at most 100 environment variables")
    for variable in env:
        _require(variable.name, f"{at}.env.name")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable.name):
            raise Invalid(f"{at}.env: {variable.name!r} is no C identifier")
    names = [variable.name for variable in env]
    if len(names) != len(set(names)):
        raise Invalid(f"{at}.env: a name is there twice")
