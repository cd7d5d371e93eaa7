"""The arguments of create_host_config of the Docker client, which is what `host_config` is handed to.

The function has names and no types; the types are those that it tests for and those of its documentation.
"""

import inspect

from docker.types import HostConfig

import notation

INTEGERS = """blkio_weight cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares mem_swappiness
nano_cpus oom_score_adj pids_limit""".split()
BOOLEANS = "auto_remove init oom_kill_disable privileged publish_all_ports read_only".split()
BYTES = "kernel_memory mem_limit mem_reservation memswap_limit shm_size".split()
STRINGS = """cgroup_parent cgroupns cpuset_cpus cpuset_mems init_path ipc_mode isolation network_mode pid_mode runtime
userns_mode uts_mode volume_driver""".split()
LISTS = "cap_add cap_drop device_cgroup_rules devices dns dns_opt dns_search security_opt".split()
OTHER = {
    "restart_policy": "RestartPolicy",
    "ulimits": "[Ulimit] by:name",
    "log_config": "LogConfig",
    "device_requests": "[DeviceRequest]",
    "mounts": "[any]",
    "storage_opt": "{any}",
    "sysctls": "{any}",
    "blkio_weight_device": "[any]",
    "device_read_bps": "[any]",
    "device_read_iops": "[any]",
    "device_write_bps": "[any]",
    "device_write_iops": "[any]",
    "group_add": "[text]",
    # Lists or mappings: the function takes either.
    "binds": "any", "extra_hosts": "any", "links": "any", "lxc_conf": "any", "port_bindings": "any", "tmpfs": "any",
    "volumes_from": "any",
}
KINDS = {
    **{name: "integer" for name in INTEGERS},
    **{name: "boolean" for name in BOOLEANS},
    **{name: "bytes" for name in BYTES},
    **{name: "string" for name in STRINGS},
    **{name: "[string]" for name in LISTS},
    **OTHER,
}

# create_host_config adds the version of the API itself.
names = [name for name in inspect.signature(HostConfig.__init__).parameters if name not in ("self", "version")]
assert set(names) == set(KINDS), set(names) ^ set(KINDS)
types = {
    "HostConfig": {name: KINDS[name] for name in names},
    "RestartPolicy": {"Name": "RestartPolicyName", "MaximumRetryCount": "integer"},
    "Ulimit": {"name": "string required", "soft": "integer", "hard": "integer",
               "Name": "string", "Soft": "integer", "Hard": "integer"},
    "LogConfig": {"type": "string", "config": "{text}", "Type": "string", "Config": "{text}"},
    "DeviceRequest": {name: "any" for name in ("driver", "count", "device_ids", "capabilities", "options",
                                               "Driver", "Count", "DeviceIDs", "Capabilities", "Options")},
}
# Ulimit takes its name under two spellings, so that neither is required.
types["Ulimit"]["name"] = "string"
enums = {"RestartPolicyName": ["", "no", "always", "on-failure", "unless-stopped"]}
notation.write("docker", "docker", "docker.types.HostConfig", types, enums)
