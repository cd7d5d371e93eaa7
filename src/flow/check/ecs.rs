//! Checks of flows that run as ECS tasks (semantics 2): roles, sizes, the task definition and the arguments of RunTask.
//! It does not check the shape of documents.

use super::image::is_ecr;
use super::template::{Containers, overwritten_by, secrets, variables};
use super::{CheckInputs, CheckName, Template, attribute, fargate, given, items};
use crate::address::PathStep;
use crate::flow::definition::{Problem, at, at_index, key};
use crate::flow::document::{parse_cpu_units, parse_memory_mib};
use crate::flow::kind::StorageKind;
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
    run_task(inputs, problems);
    if let Definition::Known(template) = definition {
        let own = items(attribute(template.document, "containerDefinitions")).iter().enumerate();
        for (index, container) in own.filter(|_| !template.of_agent) {
            let place = at(&at_index(&at(&template.place(), "containerDefinitions"), index), "environment");
            let instead = "`secrets = [{ name = \"...\", valueFrom = \"arn:aws:secretsmanager:...\" }]`";
            secrets(attribute(container, "environment"), &place, instead, problems);
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
    if let Some((place, image)) = image(inputs)
        && is_ecr(image)
        && missing("execution_role_arn", "executionRoleArn")
    {
        problems.push(
            Problem::lint(
                CheckName::NoExecutionRole,
                place,
                "The image is in a private registry of AWS (ECR), and no role is named that may pull it.",
            )
            .help(
                "write `execution_role_arn` in the run config, or `executionRoleArn` in the task definition",
            ),
        );
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

/// Whether the task runs on Fargate; `None` when that is not known. Where no agent says it, the original's default
/// counts, which is Fargate (semantics 2.1).
fn on_fargate(inputs: &CheckInputs<'_>, definition: Definition<'_>) -> Option<bool> {
    let is = |value: &Value| value.as_str().map(|text| text == "FARGATE");
    let compatibilities = definition.field("requiresCompatibilities")?;
    if compatibilities.is_unknown() {
        return None;
    }
    if given(compatibilities) {
        return Some(items(compatibilities).iter().any(|item| is(item) == Some(true)));
    }
    let kwargs = inputs.argument("run_task_kwargs");
    if kwargs.is_unknown() || given(attribute(kwargs, "capacityProviderStrategy")) {
        return None;
    }
    let launch_type = attribute(kwargs, "launchType");
    if given(launch_type) {
        return is(launch_type);
    }
    if inputs.agent_may_have("run_task_kwargs_path") {
        return None;
    }
    let mut types = inputs.takers().map(|agent| match attribute(agent.options, "launch_type") {
        _ if agent.options.is_unknown() => None,
        value if value.is_null() => Some(true),
        value => value.as_str().map(|text| text.eq_ignore_ascii_case("FARGATE")),
    });
    let first = types.next().unwrap_or(Some(true));
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
    let Some(place) = cpu.as_ref().or(memory.as_ref()).map(|size| size.place.clone()) else { return };
    let units = |size: &Option<Size>, registered| size.as_ref().map(|size| size.units).or(registered);
    if let (Some(cpu), Some(memory)) = (units(&cpu, registered.0), units(&memory, registered.1)) {
        problems.extend(pair(cpu, memory, place));
    }
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

/// `run_task_kwargs`: what would collide, start too much, or have no effect (semantics 2.2 and 2.4).
fn run_task(inputs: &CheckInputs<'_>, problems: &mut Vec<Problem>) {
    let kwargs = inputs.argument("run_task_kwargs");
    let place = inputs.place("run_task_kwargs");
    if given(attribute(kwargs, "taskDefinition")) {
        problems.push(
            Problem::error(
                at(&place, "taskDefinition"),
                "Task definition among the arguments of RunTask",
                "The run names its task definition itself; the original fails when `run_task_kwargs` names one too.",
            )
            .help("write `task_definition_arn` in the run config"),
        );
    }
    let count = attribute(kwargs, "count");
    if given(count) && !count.is_unknown() && *count != Value::int(1) {
        problems.push(
            Problem::lint(
                CheckName::TaskCount,
                at(&place, "count"),
                "Each of the tasks would run the same flow run, all at once.",
            )
            .help("remove `count`"),
        );
    }
    let overrides = attribute(kwargs, "overrides");
    let place = at(&place, "overrides");
    for name in ["cpu", "memory"] {
        if given(attribute(overrides, name)) && given(inputs.argument(name)) {
            problems.push(overwritten_by(at(&place, name), &format!("`{name}` of the run config")));
        }
    }
    let list = items(attribute(overrides, "containerOverrides"));
    let own = list.iter().position(|item| attribute(item, "name").as_str() == Some("flow"));
    if let Some((index, own)) = own.and_then(|index| Some((index, list.get(index)?)))
        && given(attribute(own, "command"))
    {
        let place = at(&at_index(&at(&place, "containerOverrides"), index), "command");
        problems.push(overwritten_by(place, "the command that runs the flow"));
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
