//! Checks of flows that run as ECS tasks (semantics 2): roles, sizes, the task definition and the arguments of RunTask.
//! It does not check the shape of documents.

mod containers;
mod run_task;

use std::collections::BTreeSet;

use containers::SECRETS;

use super::image::is_ecr;
use super::template::{Containers, overwritten_by, secrets, variables};
use super::{CheckInputs, CheckName, Template, attribute, fargate, given, items};
use crate::address::PathStep;
use crate::flow::definition::{Problem, at, at_index, key};
use crate::flow::document::{parse_cpu_units, parse_memory_mib};
use crate::flow::kind::StorageKind;
use crate::flow::launch::{Said, launch_type};
use crate::value::{Type, Value, convert};

/// The task definition that a run uses.
#[derive(Clone, Copy)]
enum Definition<'a> {
    /// It is here.
    Known(Template<'a>),
    /// It is elsewhere, or not known yet.
    Elsewhere,
    /// The original's own: 1024 CPU units, 2048 MiB, one container (semantics 2.1).
    BuiltIn,
}

impl<'a> Definition<'a> {
    /// A field that is known to be absent is null; `None` when nothing is known.
    fn field(self, name: &str) -> Option<&'a Value> {
        match self {
            Definition::Known(template) => Some(attribute(template.document, name)),
            Definition::BuiltIn => Some(super::NULL),
            Definition::Elsewhere => None,
        }
    }
}

pub(super) fn check(inputs: &CheckInputs<'_>, problems: &mut Vec<Problem>) {
    let definition = definition(inputs);
    roles(inputs, definition, problems);
    sizes(inputs, definition, problems);
    logs(inputs, definition, problems);
    let names = match definition {
        Definition::Known(template) => containers::names(template.document),
        Definition::BuiltIn => Some(BTreeSet::from(["flow"])),
        Definition::Elsewhere => None,
    };
    run_task::check(inputs, names.as_ref(), problems);
    if let Definition::Known(template) = definition {
        containers::check(inputs, template, problems);
        let own = items(attribute(template.document, "containerDefinitions")).iter().enumerate();
        for (index, container) in own.filter(|_| !template.of_agent) {
            let place = at(&at_index(&at(&template.place(), "containerDefinitions"), index), "environment");
            secrets(attribute(container, "environment"), &place, SECRETS, problems);
        }
        if !template.of_agent {
            overwritten(inputs, template, problems);
        }
        if on_fargate(inputs, definition) == Some(true) {
            fargate::check(template, problems);
        }
    }
}

fn definition<'a>(inputs: &CheckInputs<'a>) -> Definition<'a> {
    let elsewhere = ["task_definition_arn", "task_definition_path", "task_definition"];
    if inputs.may_have("task_definition_arn") {
        return Definition::Elsewhere;
    }
    match inputs.template {
        // An empty definition is none (semantics 2.3).
        Some(template) if template.document.is_unknown() => Definition::Elsewhere,
        Some(template) if template.document.as_entries().is_some_and(|entries| !entries.is_empty()) => {
            Definition::Known(template)
        }
        Some(_) | None
            if inputs.template.is_none() && elsewhere.iter().any(|name| inputs.may_have(name))
                || inputs.agent_may_have("task_definition_path") =>
        {
            Definition::Elsewhere
        }
        Some(_) | None => Definition::BuiltIn,
    }
}

fn roles(inputs: &CheckInputs<'_>, definition: Definition<'_>, problems: &mut Vec<Problem>) {
    let missing = |argument: &str, field: &str| {
        !inputs.may_have(argument)
            && !inputs.agent_may_have(argument)
            && definition.field(field).is_some_and(|role| !given(role))
            && !given(attribute(attribute(inputs.argument("run_task_kwargs"), "overrides"), field))
    };
    if missing("execution_role_arn", "executionRoleArn")
        && let Some((place, why)) = needs_execution_role(inputs, definition)
    {
        problems.push(Problem::lint(CheckName::NoExecutionRole, place, why).help(
            "write `execution_role_arn` in the run config, or `executionRoleArn` in the task definition",
        ));
    }
    if matches!(inputs.storage, Some((StorageKind::S3, _))) && missing("task_role_arn", "taskRoleArn") {
        problems.push(
            Problem::lint(
                CheckName::NoTaskRole,
                vec![key("storage")],
                "The flow's code is in S3, and no role is named by which the task may read it.",
            )
            .help("write `task_role_arn` in the run config, or `taskRoleArn` in the task definition"),
        );
    }
}

/// Why ECS itself needs a role to start the task, and where that is said: an image of ECR, secrets, on Fargate the logs.
fn needs_execution_role(
    inputs: &CheckInputs<'_>,
    definition: Definition<'_>,
) -> Option<(Vec<PathStep>, &'static str)> {
    let pulls = "The image is in a private registry of AWS (ECR), and no role is named that may pull it.";
    if let Some((place, _)) = image(inputs).filter(|(_, image)| is_ecr(image)) {
        return Some((place, pulls));
    }
    let reads = "ECS hands secrets to a container by a role that may read them, and none is named; it refuses such a task \
                 definition.";
    if inputs.has_secrets {
        return Some((inputs.place("secret_env"), reads));
    }
    let Definition::Known(template) = definition else { return None };
    let list = at(&template.place(), "containerDefinitions");
    for (index, container) in items(attribute(template.document, "containerDefinitions")).iter().enumerate() {
        let place = at_index(&list, index);
        let is_own = attribute(container, "name").as_str() == Some("flow");
        if !is_own && attribute(container, "image").as_str().is_some_and(is_ecr) {
            return Some((at(&place, "image"), pulls));
        }
        let logs = attribute(container, "logConfiguration");
        if [container, logs]
            .iter()
            .zip(["secrets", "secretOptions"])
            .any(|(value, name)| !items(attribute(value, name)).is_empty())
        {
            let place = match items(attribute(container, "secrets")) {
                [] => at(&at(&place, "logConfiguration"), "secretOptions"),
                _ => at(&place, "secrets"),
            };
            return Some((place, reads));
        }
        if attribute(logs, "logDriver").as_str() == Some("awslogs")
            && on_fargate(inputs, definition) == Some(true)
        {
            return Some((
                at(&at(&place, "logConfiguration"), "logDriver"),
                "On Fargate ECS writes the logs of `awslogs` by a role that may write them, and none is named; it refuses such \
                 a task definition.",
            ));
        }
    }
    None
}

/// The image that the flow's container runs, where it is known (semantics 0.6).
fn image<'a>(inputs: &CheckInputs<'a>) -> Option<(Vec<PathStep>, &'a str)> {
    if let Some((StorageKind::Docker, storage)) = inputs.storage {
        return Some((vec![key("storage")], attribute(storage, "registry_url").as_str()?));
    }
    if inputs.may_have("image") {
        return Some((inputs.place("image"), inputs.argument("image").as_str()?));
    }
    let (place, container) = Containers::of(inputs)?.own()?;
    Some((at(&place, "image"), attribute(container, "image").as_str()?))
}

/// Whether the definition is registered for Fargate; `None` when that is not known. Where no agent says it, the original's
/// default counts, which is Fargate (semantics 2.1). The renderer decides by the same function.
fn on_fargate(inputs: &CheckInputs<'_>, definition: Definition<'_>) -> Option<bool> {
    let is = |value: &Value| value.as_str().map(|text| text == "FARGATE");
    let compatibilities = definition.field("requiresCompatibilities")?;
    if compatibilities.is_unknown() {
        return None;
    }
    if given(compatibilities) {
        return Some(items(compatibilities).iter().any(|item| is(item) == Some(true)));
    }
    if inputs.agent_may_have("run_task_kwargs_path") {
        return None;
    }
    let is_fargate = |said| launch_type(said).map(|launch| launch == "FARGATE");
    let mut types = inputs.takers().map(|agent| {
        let value = attribute(agent.options, "launch_type");
        let is_known = !agent.options.is_unknown() && !value.is_unknown();
        is_known.then(|| is_fargate(Said { launch_type: value.as_str(), strategy: false })).flatten()
    });
    let first = types.next().unwrap_or_else(|| is_fargate(Said::default()));
    types.all(|other| other == first).then_some(first).flatten()
}

/// A number of units, and where it is said.
struct Size {
    place: Vec<PathStep>,
    units: u64,
}

fn sizes(inputs: &CheckInputs<'_>, definition: Definition<'_>, problems: &mut Vec<Problem>) {
    let mut template = None;
    if let Definition::Known(known) = definition {
        template = Some((
            size(attribute(known.document, "cpu"), at(&known.place(), "cpu"), Part::Cpu, problems),
            size(attribute(known.document, "memory"), at(&known.place(), "memory"), Part::Memory, problems),
        ));
    }
    let cpu = size(inputs.argument("cpu"), inputs.place("cpu"), Part::Cpu, problems);
    let memory = size(inputs.argument("memory"), inputs.place("memory"), Part::Memory, problems);
    let kwargs = inputs.argument("run_task_kwargs");
    let overrides = attribute(kwargs, "overrides");
    let place = at(&inputs.place("run_task_kwargs"), "overrides");
    let of_run = (
        size(attribute(overrides, "cpu"), at(&place, "cpu"), Part::Cpu, problems),
        size(attribute(overrides, "memory"), at(&place, "memory"), Part::Memory, problems),
    );
    if on_fargate(inputs, definition) != Some(true) {
        return;
    }
    let registered = match (&template, definition) {
        (Some((Ok(cpu), Ok(memory))), _) => {
            if let Definition::Known(known) = definition {
                registered_pair(known, cpu.as_ref(), memory.as_ref(), problems);
            }
            (cpu.as_ref().map(|size| size.units), memory.as_ref().map(|size| size.units))
        }
        (None, Definition::BuiltIn) => (Some(1024), Some(2048)),
        // What is not known or malformed makes no pair.
        (_, _) => return,
    };
    let (Ok(cpu), Ok(memory)) = (cpu, memory) else { return };
    let units = |size: &Option<Size>, registered| size.as_ref().map(|size| size.units).or(registered);
    let place_of = |cpu: &Option<Size>, memory: &Option<Size>| {
        cpu.as_ref().or(memory.as_ref()).map(|size| size.place.clone())
    };
    let registered = (units(&cpu, registered.0), units(&memory, registered.1));
    if let (Some(place), (Some(cpu), Some(memory))) = (place_of(&cpu, &memory), registered) {
        problems.extend(pair(cpu, memory, place));
    }
    if starts_elsewhere(kwargs) {
        for problem in problems.iter_mut().filter(|problem| problem.check == Some(CheckName::FargateSize)) {
            problem
                .detail
                .push_str(" The definition is registered for Fargate, whatever `run_task_kwargs` say.");
            problem.help = Some(
                "write `requiresCompatibilities = [\"EC2\"]` in a task definition or `launch_type` in the agent, or \
                 choose a size that Fargate has"
                    .to_owned(),
            );
        }
        return;
    }
    let (Ok(cpu_of_run), Ok(memory_of_run)) = of_run else { return };
    // The run config's sizes replace those of its overrides (semantics 2.4).
    let (cpu_of_run, memory_of_run) =
        (cpu_of_run.filter(|_| cpu.is_none()), memory_of_run.filter(|_| memory.is_none()));
    let sizes = (units(&cpu_of_run, registered.0), units(&memory_of_run, registered.1));
    if let (Some(place), (Some(cpu), Some(memory))) = (place_of(&cpu_of_run, &memory_of_run), sizes)
        && !overrides.is_unknown()
    {
        problems.extend(pair(cpu, memory, place));
    }
}

/// Whether a run is started elsewhere than on Fargate, or may be.
fn starts_elsewhere(kwargs: &Value) -> bool {
    let launch = attribute(kwargs, "launchType");
    kwargs.is_unknown()
        || given(attribute(kwargs, "capacityProviderStrategy"))
        || given(launch) && launch.as_str() != Some("FARGATE")
}

fn registered_pair(
    template: Template<'_>,
    cpu: Option<&Size>,
    memory: Option<&Size>,
    problems: &mut Vec<Problem>,
) {
    match (cpu, memory) {
        (Some(cpu), Some(memory)) => problems.extend(pair(cpu.units, memory.units, cpu.place.clone())),
        (cpu, _) => {
            let document = template.document;
            let name = if cpu.is_none() { "cpu" } else { "memory" };
            if attribute(document, name).is_unknown() {
                return;
            }
            problems.push(
                Problem::lint(
                    CheckName::FargateSize,
                    template.place(),
                    format!("A task definition for Fargate says how large a task is, and this one has no `{name}`."),
                )
                .help("write `cpu` and `memory` at the top of the task definition"),
            );
        }
    }
}

fn pair(cpu: u64, memory: u64, place: Vec<PathStep>) -> Option<Problem> {
    let choices = fargate::memory_choices(cpu);
    if choices.contains(&memory) {
        return None;
    }
    let what = format!("Fargate has no tasks of {cpu} CPU units with {memory} MiB of memory");
    let problem = match choices.is_empty() {
        true => {
            let nearest = fargate::CPU_CHOICES.into_iter().map(|units| units.to_string()).collect::<Vec<_>>();
            Problem::lint(CheckName::FargateSize, place, format!("{what}."))
                .help(format!("choose one of {} CPU units (1024 are one vCPU)", nearest.join(", ")))
        }
        false => Problem::lint(CheckName::FargateSize, place, format!("{what}.")).help(format!(
            "with {cpu} CPU units, the memory in MiB is one of {}",
            fargate::describe_memory(cpu)
        )),
    };
    Some(problem)
}

#[derive(Clone, Copy)]
enum Part {
    Cpu,
    Memory,
}

/// What could not be read has been reported.
struct Malformed;

/// A size that is known; none when it is not given. What is unknown counts as malformed: it makes no pair.
fn size(
    value: &Value,
    place: Vec<PathStep>,
    part: Part,
    problems: &mut Vec<Problem>,
) -> Result<Option<Size>, Malformed> {
    if !given(value) {
        return Ok(None);
    }
    let text = convert(value, &Type::String).map_err(|_| Malformed)?;
    let text = text.as_str().ok_or(Malformed)?;
    let (units, name, examples) = match part {
        Part::Cpu => (parse_cpu_units(text), "CPU", "`1024`, `\"1 vcpu\"` or `\"0.5 vCPU\"`"),
        Part::Memory => (parse_memory_mib(text), "memory", "`2048` (MiB) or `\"2 GB\"`"),
    };
    match units {
        Some(units) => Ok(Some(Size { place, units })),
        None => {
            problems.push(
                Problem::error(
                    place,
                    "Malformed size",
                    format!("{text:?} is no amount of {name} as ECS reads it, and no run would start."),
                )
                .help(format!("write {examples}")),
            );
            Err(Malformed)
        }
    }
}

fn logs(inputs: &CheckInputs<'_>, definition: Definition<'_>, problems: &mut Vec<Problem>) {
    let what = "The container that runs the flow has no log configuration: what it writes is lost.";
    let lint = |place| {
        Problem::lint(CheckName::NoLogs, place, what)
            .help("add a `logConfiguration` to the container `flow` of a task definition, such as `{ logDriver = \"awslogs\", options = { ... } }`")
    };
    match definition {
        Definition::Elsewhere => {}
        Definition::BuiltIn => problems.push(lint(vec![key("run_config")])),
        Definition::Known(template) => {
            let list = attribute(template.document, "containerDefinitions");
            if list.is_unknown() || items(list).iter().any(Value::is_unknown) {
                return;
            }
            let Some((place, container)) = Containers::of(inputs).and_then(|containers| containers.own())
            else {
                problems.push(
                    Problem::lint(
                        CheckName::NoFlowContainer,
                        at(&template.place(), "containerDefinitions"),
                        "No container is called `flow`, so one is added that has an image and nothing else.",
                    )
                    .help("call the container that shall run the flow `flow`"),
                );
                return;
            };
            if !container.is_unknown() && !given(attribute(container, "logConfiguration")) {
                problems.push(lint(place));
            }
        }
    }
}

/// Settings of the template that every run replaces (semantics 2.3 and 2.4).
fn overwritten(inputs: &CheckInputs<'_>, template: Template<'_>, problems: &mut Vec<Problem>) {
    if given(attribute(template.document, "family")) {
        problems.push(
            overwritten_by(at(&template.place(), "family"), "the family of the flow's versions")
                .help("remove it; `family` of the flow names the family"),
        );
    }
    let Some((place, container)) = Containers::of(inputs).and_then(|containers| containers.own()) else {
        return;
    };
    if given(attribute(container, "command")) {
        problems.push(overwritten_by(at(&place, "command"), "the command that runs the flow"));
    }
    variables(attribute(container, "environment"), &at(&place, "environment"), problems);
}
