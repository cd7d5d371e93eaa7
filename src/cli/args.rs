//! What was typed, parsed: commands and their options. It reads no file, resolves no address and runs nothing.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::duration;

/// Declarative provisioning of data and ML flows: plan, apply and version their run configs.
///
/// flowform reads the *.hcl files of a directory, compares them with what is recorded and live, shows what would
/// change and why, and makes it so.
#[derive(Debug, Parser)]
#[command(
    name = "flowform",
    version,
    after_help = "Exit codes: 0 success, 1 error, 2 changes present (plan --detailed-exitcode), 130 interrupted."
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct GlobalArgs {
    /// Run as if started in this directory.
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub chdir: Option<PathBuf>,
    /// Write no colors, even to a terminal; the environment variable NO_COLOR does the same.
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_color: bool,
    /// Lay text out for this many columns, instead of those of the terminal.
    #[arg(long, global = true, value_name = "COLUMNS", help_heading = "Global options")]
    pub width: Option<NonZeroUsize>,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a starter configuration, or prepare the registry of an existing one.
    #[command(
        after_long_help = "Examples:\n  flowform init\n  flowform init --example minimal\n  flowform --chdir prod init"
    )]
    Init(InitArgs),
    /// Check the configuration, without credentials and without the network.
    #[command(after_long_help = "Examples:\n  flowform validate\n  flowform validate --json")]
    Validate(ValidateArgs),
    /// Rewrite configuration files in the one style, which is Terraform's.
    ///
    /// White space, the quotes of labels, and `"${x}"` where `x` means the same are rewritten; no comment and no value
    /// changes. Files that do not parse are left as they are and reported.
    #[command(after_long_help = "Examples:\n  \
        flowform fmt\n  \
        flowform fmt --check --diff --recursive\n  \
        flowform fmt main.hcl prod.hclvars\n  \
        flowform fmt - < main.hcl")]
    Fmt(FmtArgs),
    /// Show what apply would change, and why; change nothing.
    #[command(after_long_help = "Examples:\n  \
        flowform plan\n  \
        flowform plan --out review.plan --detailed-exitcode\n  \
        flowform plan --target 'flow.etl[\"eu\"]'\n  \
        flowform plan --var image=etl:42 --var-file prod.hcl")]
    Plan(PlanArgs),
    /// Make the planned changes, after asking.
    ///
    /// Without a saved plan it plans, shows the plan and asks. With one it makes exactly the changes of that plan,
    /// asks nothing, and refuses where what it would change has changed since.
    #[command(after_long_help = "Examples:\n  \
        flowform apply\n  \
        flowform apply --auto-approve --lock-timeout 5m\n  \
        flowform apply review.plan")]
    Apply(ApplyArgs),
    /// Archive every flow that this root configuration declares, after asking; histories stay.
    #[command(after_long_help = "Examples:\n  flowform destroy\n  flowform destroy --target flow.etl")]
    Destroy(DestroyArgs),
    /// Show a saved plan, a flow, or everything that is recorded.
    #[command(
        after_long_help = "Examples:\n  flowform show\n  flowform show review.plan --full\n  flowform show flow.etl --json"
    )]
    Show(ShowArgs),
    /// Print the outputs of the last apply.
    #[command(
        after_long_help = "Examples:\n  flowform output\n  flowform output etl_version --raw\n  flowform output --json"
    )]
    Output(OutputArgs),
    /// Evaluate expressions against the configuration and what is recorded; change nothing.
    ///
    /// Each line is an expression, or a part of one while brackets or heredocs are open. From a pipe, all of them are
    /// evaluated, and the exit code is 1 when one failed.
    #[command(after_long_help = "Examples:\n  \
        flowform console\n  \
        echo 'flow.etl.version' | flowform console\n  \
        flowform console --var stage=prod < expressions.txt")]
    Console(ConsoleArgs),
    /// Print how the blocks of the configuration depend on each other.
    #[command(
        after_long_help = "Examples:\n  flowform graph | dot -Tsvg > graph.svg\n  flowform graph --format mermaid"
    )]
    Graph(GraphArgs),
    /// List the versions of a flow, the newest first.
    #[command(
        after_long_help = "Examples:\n  flowform versions flow.etl\n  flowform versions 'flow.etl[\"eu\"]' --json"
    )]
    Versions(VersionsArgs),
    /// Show how the definitions of two versions of a flow differ.
    #[command(after_long_help = "Examples:\n  flowform diff flow.etl 3 4")]
    Diff(DiffArgs),
    /// Hold a flow at an older version until its configuration changes, or let it go again.
    #[command(after_long_help = "Examples:\n  \
        flowform rollback flow.etl 3 --reason 'version 4 drops rows'\n  \
        flowform rollback flow.etl --unpin")]
    Rollback(RollbackArgs),
    /// Print exactly what the backend would be handed for a flow, without credentials and without the network.
    #[command(after_long_help = "Examples:\n  \
        flowform render flow.etl\n  \
        flowform render flow.etl --agent eu --run-id 4c1f8a --format yaml")]
    Render(RenderArgs),
    /// Make an existing object version 1 of a flow, as it is.
    #[command(
        after_long_help = "Examples:\n  flowform import flow.etl etl-nightly.json\n  flowform import 'flow.etl[\"eu\"]' etl-eu.json"
    )]
    Import(ImportArgs),
    /// Look at what is recorded, and repair it.
    #[command(subcommand)]
    State(StateCommand),
    /// Release a lease that its holder cannot release any more.
    ///
    /// A lease whose holder is gone expires by itself. Release it by hand only when you know that no apply runs.
    #[command(after_long_help = "Examples:\n  flowform unlock 5b7c1d7e-1f0a-4c55-9d8e-2f6f3c1a9b10")]
    Unlock(UnlockArgs),
    /// Print the completion script of a shell.
    #[command(after_long_help = "Examples:\n  flowform completions bash > /etc/bash_completion.d/flowform")]
    Completions(CompletionsArgs),
    /// Turn flows and run configs of Prefect 1 into a configuration.
    ///
    /// Files hold JSON: serialized run configs or flows, lists of them, what `prefect build` writes, or rows of the
    /// server's flows with their flow groups, whose settings win. The configuration is printed; what it cannot hold, and
    /// what belongs to the machine that registered, is left out with a comment and a warning.
    #[command(after_long_help = "Examples:\n  \
        flowform convert flows.json > main.hcl\n  \
        flowform convert --group --host build-7 rows.json > main.hcl\n  \
        python export_flows.py flows/ | flowform convert - > main.hcl")]
    Convert(ConvertArgs),
    /// Explain a diagnostic: what it means, what causes it, how to go on.
    #[command(
        after_long_help = "Examples:\n  flowform explain unknown-argument\n  flowform explain Unknown argument"
    )]
    Explain(ExplainArgs),
    /// Show the arguments that a block takes.
    #[command(after_long_help = "Examples:\n  flowform schema run_config.ecs\n  flowform schema --json")]
    Schema(SchemaArgs),
    /// Print the version of this program and the formats it reads.
    Version(VersionArgs),
}

/// `init`
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Which starter configuration to write into a directory that has none.
    #[arg(long, value_enum, value_name = "NAME", default_value_t = Example::Minimal)]
    pub example: Example,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// A starter configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Example {
    /// One flow that runs as a local process.
    Minimal,
}

/// `validate`
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Fail where there is a warning.
    #[arg(long)]
    pub warnings_as_errors: bool,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `fmt`
#[derive(Debug, Args)]
pub struct FmtArgs {
    /// Files, directories (their .hcl and .hclvars files), or `-` for the standard input; without it, the directory of
    /// the configuration.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Write nothing, and exit with 2 when a file is not in the style, 0 when all are.
    #[arg(long)]
    pub check: bool,
    /// Show what differs.
    #[arg(long)]
    pub diff: bool,
    /// Format the files of subdirectories too, but of hidden ones.
    #[arg(long)]
    pub recursive: bool,
    /// Print the names of the files that are not in the style.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub list: bool,
    /// Write the files; without writing, listing and showing differences, the formatted text is printed.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub write: bool,
}

/// Values of variables; later ones win.
#[derive(Clone, Debug, Default, Args)]
#[group(id = "variables", multiple = true)]
pub struct VariableArgs {
    /// Set a variable of the root configuration; may be repeated.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = assignment)]
    pub vars: Vec<Assignment>,
    /// Read values of variables from a file; may be repeated.
    #[arg(long = "var-file", value_name = "FILE")]
    pub var_files: Vec<PathBuf>,
}

/// `NAME=VALUE`; the value is not parsed yet, because that depends on the variable's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// What was typed as its value.
    pub value: String,
}

/// What to plan.
#[derive(Clone, Debug, Default, Args)]
#[group(id = "planning", multiple = true)]
pub struct PlanningArgs {
    /// Plan only this address and what it depends on; may be repeated.
    #[arg(long = "target", value_name = "ADDRESS", help_heading = "Planning options")]
    pub targets: Vec<String>,
    /// Plan everything but this address and what depends on it; may be repeated.
    #[arg(
        long = "exclude",
        value_name = "ADDRESS",
        conflicts_with = "targets",
        help_heading = "Planning options"
    )]
    pub excludes: Vec<String>,
    /// Make the artifact of this flow again, even where nothing differs; may be repeated.
    #[arg(long = "replace", value_name = "ADDRESS", help_heading = "Planning options")]
    pub replaces: Vec<String>,
    /// Leave out flows whose live objects cannot be read, instead of failing.
    #[arg(long, help_heading = "Planning options")]
    pub allow_unreadable: bool,
    /// Allow that more than a fifth of all flows, or all of them, are archived.
    #[arg(long, help_heading = "Planning options")]
    pub allow_mass_archive: bool,
    /// Fail where there is a warning, before anything is changed.
    #[arg(long, help_heading = "Planning options")]
    pub warnings_as_errors: bool,
}

/// What kind of plan to make; one of them at most.
#[derive(Clone, Copy, Debug, Default, Args)]
#[group(id = "mode", multiple = false)]
pub struct ModeArgs {
    /// Only put right what is recorded where live objects differ; change no live object.
    #[arg(long, help_heading = "Planning options", conflicts_with = "replaces")]
    pub refresh_only: bool,
    /// Plan to archive everything that this root configuration declares.
    #[arg(long, help_heading = "Planning options", conflicts_with = "replaces")]
    pub destroy: bool,
}

/// How fast, and how long to wait.
#[derive(Clone, Copy, Debug, Args)]
pub struct WorkArgs {
    /// How many calls run at the same time.
    #[arg(long, value_name = "N", default_value = "64")]
    pub parallelism: NonZeroUsize,
    /// How long to wait for a lease that somebody else holds (30s, 5m); long enough to replace one that was killed.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = "20s")]
    pub lock_timeout: Duration,
    /// Take over the fields of a cluster's objects that another field manager holds.
    #[arg(long)]
    pub force_conflicts: bool,
}

/// `plan`
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Save the plan in this file, for apply.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print the plan as JSON.
    #[arg(long)]
    pub json: bool,
    /// Fold nothing: every change, every path, every value.
    #[arg(long)]
    pub full: bool,
    /// Exit with 2 when there are changes, 0 when there are none.
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Have the backends look up what artifacts name: roles, clusters, images. It may need more rights than a plan.
    #[arg(long)]
    pub verify: bool,
    /// What kind of plan to make.
    #[command(flatten)]
    pub mode: ModeArgs,
    /// What to plan.
    #[command(flatten)]
    pub planning: PlanningArgs,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `apply`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("approved").args(["plan", "auto_approve"]).multiple(true))]
pub struct ApplyArgs {
    /// A plan that `plan --out` saved; it says what to do, so planning options cannot go with it.
    // Single options and not their groups: the message then names what was typed and nothing else.
    #[arg(value_name = "PLAN", conflicts_with_all = [
        "targets", "excludes", "replaces", "allow_unreadable", "allow_mass_archive", "refresh_only",
        "destroy",
    ])]
    pub plan: Option<PathBuf>,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// Print events and the result as JSON, one document a line; needs --auto-approve or a saved plan.
    #[arg(long, requires = "approved")]
    pub json: bool,
    /// Fold nothing when the plan is shown.
    #[arg(long)]
    pub full: bool,
    /// What kind of plan to make.
    #[command(flatten)]
    pub mode: ModeArgs,
    /// What to plan.
    #[command(flatten)]
    pub planning: PlanningArgs,
    /// Values of variables; sensitive ones are in no saved plan and are given again.
    #[command(flatten)]
    pub variables: VariableArgs,
    /// How fast, and how long to wait.
    #[command(flatten)]
    pub work: WorkArgs,
}

/// `destroy`
#[derive(Debug, Args)]
pub struct DestroyArgs {
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// Print events and the result as JSON, one document a line; needs --auto-approve.
    #[arg(long, requires = "auto_approve")]
    pub json: bool,
    /// Fold nothing when the plan is shown.
    #[arg(long)]
    pub full: bool,
    /// Archive only this address and what depends on it; may be repeated.
    #[arg(long = "target", value_name = "ADDRESS", help_heading = "Planning options")]
    pub targets: Vec<String>,
    /// Archive everything but this address; may be repeated.
    #[arg(
        long = "exclude",
        value_name = "ADDRESS",
        conflicts_with = "targets",
        help_heading = "Planning options"
    )]
    pub excludes: Vec<String>,
    /// Leave out flows whose live objects cannot be read, instead of failing.
    #[arg(long, help_heading = "Planning options")]
    pub allow_unreadable: bool,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
    /// How fast, and how long to wait.
    #[command(flatten)]
    pub work: WorkArgs,
}

/// `show`
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A saved plan, or the address of a flow; without it, everything that is recorded.
    #[arg(value_name = "PLAN|FLOW")]
    pub subject: Option<String>,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
    /// Fold nothing.
    #[arg(long)]
    pub full: bool,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `output`
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Only this output.
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Print it as JSON.
    #[arg(long, conflicts_with = "raw")]
    pub json: bool,
    /// Print the bare text of one output, for scripts.
    #[arg(long, requires = "name")]
    pub raw: bool,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `console`
#[derive(Debug, Args)]
pub struct ConsoleArgs {
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `graph`
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// How to write the graph.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = GraphFormat::Dot)]
    pub format: GraphFormat,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// How a graph is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// The language of Graphviz.
    Dot,
    /// The language of Mermaid, which GitHub shows as a picture.
    Mermaid,
}

/// `versions`
#[derive(Debug, Args)]
pub struct VersionsArgs {
    /// The address or the name of a flow.
    pub flow: String,
    /// Print them as JSON.
    #[arg(long)]
    pub json: bool,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `diff`
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The address or the name of a flow.
    pub flow: String,
    /// The version on the left.
    #[arg(value_name = "A", value_parser = version)]
    pub before: u32,
    /// The version on the right.
    #[arg(value_name = "B", value_parser = version)]
    pub after: u32,
    /// Print the differences as JSON.
    #[arg(long)]
    pub json: bool,
    /// Fold nothing.
    #[arg(long)]
    pub full: bool,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `rollback`
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The address or the name of a flow.
    pub flow: String,
    /// The version to hold it at.
    #[arg(value_parser = version, required_unless_present = "unpin", conflicts_with = "unpin")]
    pub version: Option<u32>,
    /// Let the flow go again: the next apply follows the configuration.
    #[arg(long)]
    pub unpin: bool,
    /// Why; plans and `versions` show it.
    #[arg(long, value_name = "TEXT", conflicts_with = "unpin")]
    pub reason: Option<String>,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// How long to wait for a lease that somebody else holds (30s, 5m); long enough to replace one that was killed.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = "20s")]
    pub lock_timeout: Duration,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `render`
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// The address of a flow.
    pub flow: String,
    /// Render it as this agent would run it.
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,
    /// Fill in this run id where a run's id belongs; with `--agent`, render what the original's agent hands over for the run.
    #[arg(long, value_name = "ID", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub run_id: Option<String>,
    /// Say of each value where it came from.
    #[arg(long)]
    pub explain: bool,
    /// How to write it.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = RenderFormat::Json)]
    pub format: RenderFormat,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// How a rendered flow is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RenderFormat {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// `import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The address that the flow has in the configuration.
    pub address: String,
    /// The backend's own name for the object.
    pub id: String,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
    /// How long to wait for a lease that somebody else holds (30s, 5m); long enough to replace one that was killed.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = "20s")]
    pub lock_timeout: Duration,
}

/// `state`
#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// List the recorded flows and templates.
    #[command(after_long_help = "Examples:\n  flowform state list\n  flowform state list --archived --json")]
    List(StateListArgs),
    /// Show everything that is recorded of one flow.
    #[command(after_long_help = "Examples:\n  flowform state show flow.etl")]
    Show(StateShowArgs),
    /// Stop managing a flow or a template; its objects stay as they are.
    #[command(after_long_help = "Examples:\n  flowform state rm flow.etl")]
    Rm(StateRmArgs),
    /// Give a recorded flow another address; a `moved` block does the same and can be reviewed.
    #[command(after_long_help = "Examples:\n  flowform state mv flow.etl 'flow.etl[\"eu\"]'")]
    Mv(StateMvArgs),
    /// Make the snapshots and the published documents again from the log.
    #[command(after_long_help = "Examples:\n  flowform state rebuild")]
    Rebuild(StateRebuildArgs),
    /// Write the whole registry of the project, with all history, as a backup.
    #[command(after_long_help = "Examples:\n  flowform state export --out backup.json")]
    Export(StateExportArgs),
}

/// `state list`
#[derive(Debug, Args)]
pub struct StateListArgs {
    /// List archived flows too.
    #[arg(long)]
    pub archived: bool,
    /// Print them as JSON.
    #[arg(long)]
    pub json: bool,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `state show`
#[derive(Debug, Args)]
pub struct StateShowArgs {
    /// The address or the name of a flow.
    pub flow: String,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `state rm`
#[derive(Debug, Args)]
pub struct StateRmArgs {
    /// The addresses or names of flows, or the addresses of templates.
    #[arg(required = true, value_name = "FLOW")]
    pub flows: Vec<String>,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// How long to wait for a lease that somebody else holds (30s, 5m); long enough to replace one that was killed.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = "20s")]
    pub lock_timeout: Duration,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `state mv`
#[derive(Debug, Args)]
pub struct StateMvArgs {
    /// The recorded address.
    pub from: String,
    /// The address from now on.
    pub to: String,
    /// How long to wait for a lease that somebody else holds (30s, 5m); long enough to replace one that was killed.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = "20s")]
    pub lock_timeout: Duration,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `state rebuild`
#[derive(Debug, Args)]
pub struct StateRebuildArgs {
    /// How long to wait for a lease that somebody else holds (30s, 5m); long enough to replace one that was killed.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = "20s")]
    pub lock_timeout: Duration,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `state export`
#[derive(Debug, Args)]
pub struct StateExportArgs {
    /// Write to this file, instead of the standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `unlock`
#[derive(Debug, Args)]
pub struct UnlockArgs {
    /// The id of the lease, as the message about it says.
    #[arg(value_name = "LEASE-ID")]
    pub lease: String,
    /// Do not ask, and release the lease even where its holder seems to be alive.
    #[arg(long)]
    pub force: bool,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `convert`
#[derive(Debug, Args)]
pub struct ConvertArgs {
    /// Files of JSON, or `-` for the standard input.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Write run configs that flows share once, and the flows as one `for_each`.
    #[arg(long)]
    pub group: bool,
    /// A label that is the name of a machine, to be left out; may be repeated. Labels that look like one are left out anyway.
    #[arg(long = "host", value_name = "LABEL")]
    pub hosts: Vec<String>,
}

/// `explain`
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The code of a diagnostic, or its summary. Without one, the codes are listed.
    pub code: Vec<String>,
}

/// `schema`
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// A block, with its kind where it has kinds: `flow`, `storage.s3`. Without one, the blocks are listed.
    pub block: Option<String>,
    /// Print all of them as JSON.
    #[arg(long, conflicts_with = "block")]
    pub json: bool,
}

/// `version`
#[derive(Debug, Args)]
pub struct VersionArgs {
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
}

fn assignment(text: &str) -> Result<Assignment, String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok(Assignment { name: name.trim().to_owned(), value: value.to_owned() })
        }
        _ => Err("write the name of a variable, `=` and its value, such as `--var image=etl:42`".to_owned()),
    }
}

fn version(text: &str) -> Result<u32, String> {
    // `versions` and plans write `v3` in places; both spellings are meant.
    match text.strip_prefix('v').unwrap_or(text).parse() {
        Ok(version) if version > 0 => Ok(version),
        _ => Err("write the number of a version, such as `3`".to_owned()),
    }
}

#[cfg(test)]
mod tests;
