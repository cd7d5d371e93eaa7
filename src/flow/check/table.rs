//! The one table of checks that have a name: what each finds, and how it may be told to be silent. `docs/checks.md`
//! is generated from it. It checks nothing.

use crate::diag::Severity;

/// A check that has a name, by which `ignore_checks` may silence it. What a backend or the original would refuse
/// whatever the circumstances has no name and cannot be ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckName {
    /// No declared agent takes the flow.
    AgentCoverage,
    /// Binds of the run config take the place of the agent's volumes.
    AgentVolumes,
    /// The original's own template, because nobody says another.
    BuiltInTemplate,
    /// A variable that ECS drops.
    DroppedVariable,
    /// A pair of CPU and memory that Fargate does not have.
    FargateSize,
    /// A setting that Fargate does not take.
    FargateSetting,
    /// The run config's image is not used, because the storage has one.
    ImageOverruled,
    /// The image's tag may come to mean another image.
    LatestImage,
    /// A name that leaves no room for the run's.
    LongName,
    /// An ECR image, secrets or logs, and no role by which ECS may reach them.
    NoExecutionRole,
    /// A task definition without the container that runs the flow.
    NoFlowContainer,
    /// The task's output is not kept.
    NoLogs,
    /// S3 storage, and no role that may read it.
    NoTaskRole,
    /// A variable in plaintext that looks like a secret.
    PlaintextSecret,
    /// The network by its last part alone.
    ShortNetwork,
    /// More than one task for one run.
    TaskCount,
    /// A setting of a template that every run replaces.
    TemplateOverwritten,
    /// No labels, and only agents with labels.
    UnlabelledFlow,
    /// A variable that the service refuses.
    VertexApostrophe,
}

/// What is said of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which one.
    pub name: CheckName,
    /// The word that `ignore_checks` takes.
    pub word: &'static str,
    /// How bad a finding is.
    pub severity: Severity,
    /// What kind of problem, in fixed words.
    pub summary: &'static str,
    /// What it finds and why that matters, for the documentation.
    pub doc: &'static str,
    /// How to fix what it finds, for the documentation.
    pub fix: &'static str,
}

impl CheckName {
    /// The check of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        CHECKS.iter().find(|check| check.word == word).map(|check| check.name)
    }

    /// The word that `ignore_checks` takes: `latest-image`.
    pub fn word(self) -> &'static str {
        self.check().map_or("", |check| check.word)
    }

    /// What kind of problem it finds, in fixed words.
    pub fn summary(self) -> &'static str {
        self.check().map_or("", |check| check.summary)
    }

    /// How bad a finding is.
    pub fn severity(self) -> Severity {
        self.check().map_or(Severity::Warning, |check| check.severity)
    }

    fn check(self) -> Option<&'static Check> {
        CHECKS.iter().find(|check| check.name == self)
    }
}

const fn error(
    name: CheckName,
    word: &'static str,
    summary: &'static str,
    doc: &'static str,
    fix: &'static str,
) -> Check {
    Check { name, word, severity: Severity::Error, summary, doc, fix }
}

const fn warning(
    name: CheckName,
    word: &'static str,
    summary: &'static str,
    doc: &'static str,
    fix: &'static str,
) -> Check {
    Check { name, word, severity: Severity::Warning, summary, doc, fix }
}

/// Every check, sorted by word.
pub const CHECKS: &[Check] = &[
    error(
        CheckName::AgentCoverage,
        "agent-coverage",
        "No agent takes the flow",
        "Agents are declared that could take the flow by their kind, and none of them carries all of its labels: its \
         runs would wait for ever. The labels that are missing on the nearest agent are named. `validate` warns, because \
         another root may have published an agent; `plan` knows.",
        "Add the labels to an agent, or remove them from the flow. Where the agent is declared elsewhere, ignore the check.",
    ),
    warning(
        CheckName::AgentVolumes,
        "agent-volumes",
        "Volumes of the agent that are replaced",
        "`host_config` is laid over the agent's key by key: `binds` of the run config replace all volumes of the agent \
         (semantics 5).",
        "Repeat the agent's volumes in `binds`, or leave `binds` out.",
    ),
    warning(
        CheckName::BuiltInTemplate,
        "built-in-template",
        "Built-in template",
        "The run config has no template, and no agent of its kind is declared that could have a default one, so the \
         original's own is used: for `ecs` a task definition without an execution role and without logs, for \
         `kubernetes` a Job with one container.",
        "Declare the agent with its defaults, or write `task_definition` or `job_template`.",
    ),
    warning(
        CheckName::DroppedVariable,
        "dropped-variable",
        "Variable that ECS drops",
        "A container definition or an override of a container has a variable without a value. ECS drops it, and the flow \
         does not see it.",
        "Give the variable a `value`, or remove it.",
    ),
    error(
        CheckName::FargateSetting,
        "fargate-setting",
        "Setting that Fargate does not take",
        "The task definition asks for something that Fargate does not offer, such as `privileged`, links or a network \
         mode other than `awsvpc`; ECS refuses it.",
        "Remove the setting, or leave `FARGATE` out of `requiresCompatibilities`.",
    ),
    error(
        CheckName::FargateSize,
        "fargate-size",
        "Size that Fargate does not have",
        "Fargate has 74 pairs of CPU and memory, and ECS refuses any other. Units are read as ECS reads them: `1024`, \
         `1 vcpu`, `2 GB`.",
        "Choose one of the pairs that the message names.",
    ),
    warning(
        CheckName::ImageOverruled,
        "image-overruled",
        "Image that is not used",
        "The image of `docker` storage always wins (semantics 0.6); the original ignores the run config's without a word.",
        "Remove `image` from the run config.",
    ),
    warning(
        CheckName::LatestImage,
        "latest-image",
        "Image that may change",
        "An image without a tag, or with the tag `latest`, may be another one tomorrow: no new version is made, because \
         the definition is the same, and old versions cannot be had again.",
        "Name a tag that is never moved, or a digest (`image@sha256:...`).",
    ),
    warning(
        CheckName::LongName,
        "long-name",
        "Name that may become too long",
        "Vertex AI takes display names of 128 characters, and the run's name is put after the flow's.",
        "Shorten the flow's name.",
    ),
    warning(
        CheckName::NoExecutionRole,
        "no-execution-role",
        "No execution role",
        "An image is in a private registry of AWS (ECR), a container has secrets, or writes its logs by `awslogs` on \
         Fargate, and neither the run config nor the definition nor the agent names an execution role. ECS refuses secrets \
         without one, and on Fargate the others too.",
        "Give `execution_role_arn` a role that may pull from the registry, read the secrets and write the logs.",
    ),
    warning(
        CheckName::NoFlowContainer,
        "no-flow-container",
        "No container for the flow",
        "The flow runs in the container that is called `flow`. Where the definition has none, one is added with nothing \
         but an image: no log configuration, no memory of its own.",
        "Call the container that shall run the flow `flow`.",
    ),
    warning(
        CheckName::NoLogs,
        "no-logs",
        "Output that is not kept",
        "The container that runs the flow has no `logConfiguration`: what it writes is lost, and with it the reason why a \
         task stopped.",
        "Add a `logConfiguration`, with the driver `awslogs` for instance.",
    ),
    warning(
        CheckName::NoTaskRole,
        "no-task-role",
        "No role that may read the storage",
        "The flow's code is in S3, and neither the run config nor the definition nor the agent names a task role: on \
         Fargate the flow could not read its own code.",
        "Give `task_role_arn` a role that may read the bucket.",
    ),
    warning(
        CheckName::PlaintextSecret,
        "plaintext-secret",
        "Plaintext that looks like a secret",
        "A variable in `env` looks like a secret, by its name or by the form of its value. The registry, the artifact and \
         everybody who may read them would have it in plaintext.",
        "Name it in `secret_env` by reference, and remove it from `env`.",
    ),
    warning(
        CheckName::ShortNetwork,
        "short-network",
        "Short network name",
        "Vertex AI takes a network by its full name, `projects/NUMBER/global/networks/NAME`, and refuses a short one.",
        "Write the full name.",
    ),
    error(
        CheckName::TaskCount,
        "task-count",
        "More than one task for a run",
        "`count` in `run_task_kwargs` starts the same flow run several times at once.",
        "Remove `count`; make a flow per task, or map over inputs within the flow.",
    ),
    warning(
        CheckName::TemplateOverwritten,
        "template-overwritten",
        "Setting that every run replaces",
        "A template sets what the run replaces: the command of the container that runs the flow, the family, variables of \
         the original, the namespace (semantics 2.3, 2.4, 3 and 4). It has no effect.",
        "Remove the setting, or write it where the message says.",
    ),
    error(
        CheckName::UnlabelledFlow,
        "unlabelled-flow",
        "No agent takes the flow",
        "The flow has no labels, and every agent that is declared for it has some. An agent that has labels takes no run \
         without any (semantics 7). `validate` warns, because another root may have published an agent; `plan` knows.",
        "Give the flow labels of one of the agents.",
    ),
    error(
        CheckName::VertexApostrophe,
        "vertex-apostrophe",
        "Apostrophe in a variable",
        "Vertex AI refuses environment variables whose value holds an apostrophe.",
        "Write the value without apostrophes, or encode it and decode it in the flow.",
    ),
];

/// The page `docs/checks.md`.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Checks\n\nThis page is generated from the table of checks; `UPDATE_DOCS=1 cargo test checks_reference` writes it.\n\n\
         `validate`, `plan` and `apply` make these checks. What a backend, or the original, refuses under all \
         circumstances is an error without a name and is not listed. Each check below has a name, by which a flow, or the \
         `flowform` block for all flows, may ignore it:\n\n\
         ```hcl\nflow \"etl\" {\n  ignore_checks = [\"latest-image\"]\n}\n```\n\n\
         A check whose inputs are known only after apply is made then, or not at all.\n",
    );
    for check in CHECKS {
        let severity = match check.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        out.push_str(&format!(
            "\n## {}\n\n{} ({severity}). {}\n\nFix: {}\n",
            check.word, check.summary, check.doc, check.fix
        ));
    }
    out
}
