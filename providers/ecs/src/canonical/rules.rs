//! What the service does to each field of a task definition between its registration and its description, as a table
//! by object type and field. Tables only: [`super`] applies them.
//!
//! The defaults are those of the service's API reference (pages `RegisterTaskDefinition`, `ContainerDefinition`,
//! `HealthCheck`, `Volume` and their neighbours); docs/providers/ecs.md tells which of them were seen in real answers.
//! A default is listed where it holds everywhere: `runtimePlatform` has none, because an absent one places a task on
//! any instance, and a written `LINUX` on Linux alone.

use Order::{Any, By, Kept};
use Rule::{
    Cpu, Environment, Flag, Integer, IntegerOr, List, Map, Mebibytes, Object, Objects, Presence, Text,
    TextOr, Value,
};

/// Whether the order of a list has a meaning.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// It has.
    Kept,
    /// It has none.
    Any,
    /// The members are told apart by this field; those that share it keep their order.
    By(&'static str),
}

/// How a field is compared.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// A text; an empty one is absent.
    Text,
    /// A text; an absent one means this one.
    TextOr(&'static str),
    /// A whole number; zero is a value.
    Integer,
    /// A whole number; an absent one means this one.
    IntegerOr(i64),
    /// A value as it is: the API requires it.
    Value,
    /// `true` or `false`; an absent one means this one.
    Flag(bool),
    /// CPU units as a text: `1 vCPU` is `1024`.
    Cpu,
    /// Mebibytes as a text: `2 GB` is `2048`.
    Mebibytes,
    /// Values without parts; an empty list is absent.
    List(Order),
    /// Texts by name; an empty map is absent.
    Map,
    /// An object; one without any field is absent.
    Object(&'static Shape),
    /// An object whose presence says something even when it has no field.
    Presence(&'static Shape),
    /// Objects; an empty list is absent, and so is an empty member.
    Objects(Order, &'static Shape),
    /// Variables by name, of which the service drops those without a value.
    Environment,
}

/// An object type of the API.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Its name in the service's model, with which a test compares.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test reads it"))]
    pub(crate) name: &'static str,
    /// Its fields.
    pub(crate) fields: &'static [(&'static str, Rule)],
}

impl Shape {
    /// The rule of a field; none for one that the table does not know.
    pub(crate) fn rule(&self, field: &str) -> Option<Rule> {
        self.fields.iter().find(|(name, _)| *name == field).map(|(_, rule)| *rule)
    }
}

/// What only the service sets (page `TaskDefinition`).
pub(crate) const SERVER_ONLY: &[&str] = &[
    "compatibilities",
    "deleteRequestedAt",
    "deregisteredAt",
    "registeredAt",
    "registeredBy",
    "requiresAttributes",
    "revision",
    "status",
    "taskDefinitionArn",
];

/// The request RegisterTaskDefinition.
pub(crate) static TASK_DEFINITION: Shape = Shape {
    name: "RegisterTaskDefinitionRequest",
    fields: &[
        ("family", Text),
        ("taskRoleArn", Text),
        ("executionRoleArn", Text),
        ("networkMode", TextOr("bridge")),
        ("containerDefinitions", Objects(By("name"), &CONTAINER)),
        ("volumes", Objects(By("name"), &VOLUME)),
        ("placementConstraints", Objects(Any, &PLACEMENT_CONSTRAINT)),
        ("requiresCompatibilities", List(Any)),
        ("cpu", Cpu),
        ("memory", Mebibytes),
        ("tags", Objects(By("key"), &TAG)),
        ("pidMode", Text),
        ("ipcMode", Text),
        ("proxyConfiguration", Object(&PROXY)),
        ("inferenceAccelerators", Objects(By("deviceName"), &ACCELERATOR)),
        ("ephemeralStorage", Object(&EPHEMERAL_STORAGE)),
        ("runtimePlatform", Object(&RUNTIME_PLATFORM)),
        ("enableFaultInjection", Flag(false)),
        ("trustedExecutionConfiguration", Object(&TRUSTED_EXECUTION)),
    ],
};

static CONTAINER: Shape = Shape {
    name: "ContainerDefinition",
    fields: &[
        ("name", Text),
        ("image", Text),
        ("repositoryCredentials", Object(&REPOSITORY_CREDENTIALS)),
        ("cpu", IntegerOr(0)),
        ("memory", Integer),
        ("memoryReservation", Integer),
        ("links", List(Any)),
        ("portMappings", Objects(Any, &PORT_MAPPING)),
        ("essential", Flag(true)),
        ("restartPolicy", Object(&RESTART_POLICY)),
        ("entryPoint", List(Kept)),
        ("command", List(Kept)),
        ("environment", Environment),
        // The first file that has a variable decides on it, so their order has a meaning.
        ("environmentFiles", Objects(Kept, &ENVIRONMENT_FILE)),
        ("mountPoints", Objects(By("containerPath"), &MOUNT_POINT)),
        ("volumesFrom", Objects(By("sourceContainer"), &VOLUME_FROM)),
        ("linuxParameters", Object(&LINUX_PARAMETERS)),
        ("secrets", Objects(By("name"), &SECRET)),
        ("dependsOn", Objects(By("containerName"), &DEPENDENCY)),
        ("startTimeout", Integer),
        ("stopTimeout", Integer),
        ("versionConsistency", TextOr("enabled")),
        ("hostname", Text),
        ("user", Text),
        ("workingDirectory", Text),
        ("disableNetworking", Flag(false)),
        ("privileged", Flag(false)),
        ("readonlyRootFilesystem", Flag(false)),
        ("dnsServers", List(Kept)),
        ("dnsSearchDomains", List(Kept)),
        ("extraHosts", Objects(By("hostname"), &HOST_ENTRY)),
        ("dockerSecurityOptions", List(Any)),
        ("interactive", Flag(false)),
        ("pseudoTerminal", Flag(false)),
        ("dockerLabels", Map),
        ("ulimits", Objects(By("name"), &ULIMIT)),
        ("logConfiguration", Object(&LOG)),
        ("healthCheck", Object(&HEALTH_CHECK)),
        ("systemControls", Objects(By("namespace"), &SYSTEM_CONTROL)),
        ("resourceRequirements", Objects(Any, &RESOURCE_REQUIREMENT)),
        ("firelensConfiguration", Object(&FIRELENS)),
        ("credentialSpecs", List(Kept)),
    ],
};

/// `environment`, and the properties of a proxy.
pub(crate) static KEY_VALUE: Shape =
    Shape { name: "KeyValuePair", fields: &[("name", Text), ("value", Text)] };

static TAG: Shape = Shape { name: "Tag", fields: &[("key", Text), ("value", Text)] };

static ACCELERATOR: Shape =
    Shape { name: "InferenceAccelerator", fields: &[("deviceName", Text), ("deviceType", Text)] };

static DEPENDENCY: Shape =
    Shape { name: "ContainerDependency", fields: &[("containerName", Text), ("condition", Text)] };

static DEVICE: Shape = Shape {
    name: "Device",
    fields: &[("hostPath", Text), ("containerPath", Text), ("permissions", List(Any))],
};

static DOCKER_VOLUME: Shape = Shape {
    name: "DockerVolumeConfiguration",
    fields: &[
        ("scope", TextOr("task")),
        ("autoprovision", Flag(false)),
        ("driver", Text),
        ("driverOpts", Map),
        ("labels", Map),
    ],
};

static EFS_AUTHORIZATION: Shape =
    Shape { name: "EFSAuthorizationConfig", fields: &[("accessPointId", Text), ("iam", TextOr("DISABLED"))] };

static EFS_VOLUME: Shape = Shape {
    name: "EFSVolumeConfiguration",
    fields: &[
        ("fileSystemId", Text),
        ("rootDirectory", TextOr("/")),
        ("transitEncryption", TextOr("DISABLED")),
        ("transitEncryptionPort", Integer),
        ("authorizationConfig", Object(&EFS_AUTHORIZATION)),
    ],
};

static ENVIRONMENT_FILE: Shape =
    Shape { name: "EnvironmentFile", fields: &[("value", Text), ("type", Text)] };

static EPHEMERAL_STORAGE: Shape = Shape { name: "EphemeralStorage", fields: &[("sizeInGiB", Integer)] };

static FIRELENS: Shape = Shape { name: "FirelensConfiguration", fields: &[("type", Text), ("options", Map)] };

static FSX_AUTHORIZATION: Shape = Shape {
    name: "FSxWindowsFileServerAuthorizationConfig",
    fields: &[("credentialsParameter", Text), ("domain", Text)],
};

static FSX_VOLUME: Shape = Shape {
    name: "FSxWindowsFileServerVolumeConfiguration",
    fields: &[
        ("fileSystemId", Text),
        ("rootDirectory", Text),
        ("authorizationConfig", Object(&FSX_AUTHORIZATION)),
    ],
};

static HEALTH_CHECK: Shape = Shape {
    name: "HealthCheck",
    fields: &[
        ("command", List(Kept)),
        ("interval", IntegerOr(30)),
        ("timeout", IntegerOr(5)),
        ("retries", IntegerOr(3)),
        ("startPeriod", IntegerOr(0)),
    ],
};

static HOST_ENTRY: Shape = Shape { name: "HostEntry", fields: &[("hostname", Text), ("ipAddress", Text)] };

static HOST_VOLUME: Shape = Shape { name: "HostVolumeProperties", fields: &[("sourcePath", Text)] };

static CAPABILITIES: Shape =
    Shape { name: "KernelCapabilities", fields: &[("add", List(Any)), ("drop", List(Any))] };

static LINUX_PARAMETERS: Shape = Shape {
    name: "LinuxParameters",
    fields: &[
        ("capabilities", Object(&CAPABILITIES)),
        ("devices", Objects(By("hostPath"), &DEVICE)),
        ("initProcessEnabled", Flag(false)),
        ("sharedMemorySize", Integer),
        ("tmpfs", Objects(By("containerPath"), &TMPFS)),
        // Zero turns swap off, and absent leaves it to the instance.
        ("maxSwap", Integer),
        ("swappiness", Integer),
    ],
};

static LOG: Shape = Shape {
    name: "LogConfiguration",
    fields: &[("logDriver", Text), ("options", Map), ("secretOptions", Objects(By("name"), &SECRET))],
};

static MOUNT_POINT: Shape = Shape {
    name: "MountPoint",
    fields: &[("sourceVolume", Text), ("containerPath", Text), ("readOnly", Flag(false))],
};

static MPS: Shape =
    Shape { name: "NvidiaMpsAllocation", fields: &[("memory", Integer), ("maxComputePercent", Integer)] };

static PLACEMENT_CONSTRAINT: Shape =
    Shape { name: "TaskDefinitionPlacementConstraint", fields: &[("type", Text), ("expression", Text)] };

/// `hostPort` depends on the network mode: [`super`] knows.
static PORT_MAPPING: Shape = Shape {
    name: "PortMapping",
    fields: &[
        ("containerPort", Integer),
        ("hostPort", IntegerOr(0)),
        ("protocol", TextOr("tcp")),
        ("name", Text),
        ("appProtocol", Text),
        ("containerPortRange", Text),
    ],
};

static PROXY: Shape = Shape {
    name: "ProxyConfiguration",
    fields: &[
        ("type", TextOr("APPMESH")),
        ("containerName", Text),
        ("properties", Objects(By("name"), &KEY_VALUE)),
    ],
};

static REPOSITORY_CREDENTIALS: Shape =
    Shape { name: "RepositoryCredentials", fields: &[("credentialsParameter", Text)] };

static RESOURCE_REQUIREMENT: Shape = Shape {
    name: "ResourceRequirement",
    fields: &[("value", Text), ("type", Text), ("sharingStrategy", Object(&SHARING))],
};

static RESTART_POLICY: Shape = Shape {
    name: "ContainerRestartPolicy",
    fields: &[("enabled", Value), ("ignoredExitCodes", List(Any)), ("restartAttemptPeriod", IntegerOr(300))],
};

static RUNTIME_PLATFORM: Shape =
    Shape { name: "RuntimePlatform", fields: &[("cpuArchitecture", Text), ("operatingSystemFamily", Text)] };

static S3_VOLUME: Shape = Shape {
    name: "S3FilesVolumeConfiguration",
    fields: &[
        ("fileSystemArn", Text),
        ("rootDirectory", Text),
        ("transitEncryptionPort", Integer),
        ("accessPointArn", Text),
    ],
};

static SECRET: Shape = Shape { name: "Secret", fields: &[("name", Text), ("valueFrom", Text)] };

static SHARING: Shape = Shape { name: "SharingStrategy", fields: &[("nvidiaMps", Object(&MPS))] };

static SYSTEM_CONTROL: Shape =
    Shape { name: "SystemControl", fields: &[("namespace", Text), ("value", Text)] };

static TMPFS: Shape = Shape {
    name: "Tmpfs",
    fields: &[("containerPath", Text), ("size", Integer), ("mountOptions", List(Any))],
};

static TRUSTED_EXECUTION: Shape = Shape {
    name: "TrustedExecutionConfiguration",
    fields: &[("isolationMode", Text), ("attestationPolicy", Text)],
};

static ULIMIT: Shape =
    Shape { name: "Ulimit", fields: &[("name", Text), ("softLimit", Integer), ("hardLimit", Integer)] };

static VOLUME: Shape = Shape {
    name: "Volume",
    fields: &[
        ("name", Text),
        ("host", Object(&HOST_VOLUME)),
        // An empty one makes a volume of Docker's, where an absent one makes a directory of the host.
        ("dockerVolumeConfiguration", Presence(&DOCKER_VOLUME)),
        ("efsVolumeConfiguration", Object(&EFS_VOLUME)),
        ("s3filesVolumeConfiguration", Object(&S3_VOLUME)),
        ("fsxWindowsFileServerVolumeConfiguration", Object(&FSX_VOLUME)),
        ("configuredAtLaunch", Flag(false)),
    ],
};

static VOLUME_FROM: Shape =
    Shape { name: "VolumeFrom", fields: &[("sourceContainer", Text), ("readOnly", Flag(false))] };
