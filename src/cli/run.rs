//! Parses the arguments, runs the command, prints its failure, chooses the exit code.

use std::future::Future;
use std::path::PathBuf;

use clap::Parser;

use super::args::{Cli, Command};
use super::commands::{self, Outcome};
use super::edge;
use super::failure::{self, Failure};
use crate::diag::{Diagnostic, Diagnostics};
use crate::report::terminal::{Color, Settings, Terminal};
use crate::report::{diagnostics, json};

/// Nothing changed, or everything went well.
const OK: u8 = 0;
/// Something is wrong.
const ERROR: u8 = 1;
/// The plan has changes (`--detailed-exitcode`), or files are not in the style (`fmt --check`).
const CHANGES: u8 = 2;
/// The user interrupted.
const INTERRUPTED: u8 = 130;

/// What every command works with.
pub(super) struct Context {
    /// Where output goes and answers come from.
    pub(super) terminal: Terminal,
    /// The directory of the configuration.
    pub(super) directory: PathBuf,
    /// Whether the result is wanted as JSON.
    pub(super) json: bool,
    /// Whether that JSON is a stream of one document a line.
    lines: bool,
}

impl Context {
    /// Shows diagnostics that do not end the command. A single JSON document has them inside; a stream has a line each.
    pub(super) fn warn(&self, warnings: &Diagnostics, sources: &crate::source::SourceMap) {
        let terminal = &self.terminal;
        if self.json && self.lines {
            for item in json::diagnostics::items(warnings, sources) {
                terminal.out(&json::line(&json::apply::Event::Diagnostic(Box::new(item))));
            }
        }
        if !self.json && !warnings.is_empty() {
            terminal.err(&diagnostics::render(warnings, sources, terminal.err_theme(), terminal.width()));
        }
    }
}

/// Runs the command line of this process and returns its exit code.
pub fn run() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let terminal = Terminal::new(Settings::default());
            let text = error.render().ansi().to_string();
            if error.use_stderr() {
                terminal.err(&text);
                return ERROR;
            }
            terminal.out(&text);
            return if terminal.finish().is_ok() { OK } else { ERROR };
        }
    };
    let color = if cli.global.no_color { Color::Never } else { Color::Auto };
    let width = cli.global.width.map(std::num::NonZeroUsize::get);
    let terminal = Terminal::new(Settings { color, width, ..Settings::default() });
    let lines = matches!(cli.command, Command::Apply(_) | Command::Destroy(_));
    let context = Context { terminal, directory: PathBuf::from("."), json: wants_json(&cli.command), lines };
    let entered = cli.global.chdir.as_deref().map_or(Ok(()), |directory| {
        edge::enter(directory).map_err(|error| failure::file("entered", directory, &error))
    });
    let code = match entered.and_then(|()| dispatch(&context, cli.command)) {
        Ok(outcome) => match outcome {
            Outcome::Done => OK,
            Outcome::Failed => ERROR,
            Outcome::Changes => CHANGES,
            Outcome::Interrupted => INTERRUPTED,
        },
        Err(mut failure) => {
            fail(&context, &mut failure);
            ERROR
        }
    };
    match context.terminal.finish() {
        Ok(()) => code,
        Err(_) => ERROR,
    }
}

fn fail(context: &Context, failure: &mut Failure) {
    failure.diagnostics.sort();
    let terminal = &context.terminal;
    if context.json {
        let document = json::diagnostics::document(&failure.diagnostics, &failure.sources);
        terminal.out(&if context.lines { json::line(&document) } else { json::text(&document) });
    } else {
        let theme = terminal.err_theme();
        terminal.err(&diagnostics::render(&failure.diagnostics, &failure.sources, theme, terminal.width()));
    }
}

fn dispatch(context: &Context, command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Init(args) => block_on(commands::init::run(context, &args)),
        Command::Validate(args) => commands::validate::run(context, &args),
        Command::Fmt(args) => commands::fmt::run(context, &args),
        Command::Convert(args) => commands::convert::run(context, &args),
        Command::Plan(args) => block_on(commands::plan::run(context, &args)),
        Command::Apply(args) => block_on(commands::apply::run(context, &args)),
        Command::Destroy(args) => block_on(commands::apply::destroy(context, &args)),
        Command::Show(args) => block_on(commands::show::run(context, &args)),
        Command::Output(args) => block_on(commands::output::run(context, &args)),
        Command::Console(args) => block_on(commands::console::run(context, &args)),
        Command::Graph(args) => commands::graph::run(context, &args),
        Command::Versions(args) => block_on(commands::versions::run(context, &args)),
        Command::Diff(args) => block_on(commands::diff::run(context, &args)),
        Command::Rollback(args) => block_on(commands::rollback::run(context, &args)),
        Command::Render(args) => block_on(commands::render::run(context, &args)),
        Command::Import(args) => block_on(commands::import::run(context, &args)),
        Command::State(command) => block_on(commands::state::run(context, &command)),
        Command::Unlock(args) => block_on(commands::unlock::run(context, &args)),
        Command::Completions(args) => Ok(commands::version::completions(context, &args)),
        Command::Explain(args) => commands::explain::run(context, &args),
        Command::Schema(args) => commands::schema::run(context, &args),
        Command::Version(args) => Ok(commands::version::run(context, &args)),
    }
}

/// The runtime is made only for commands that wait for something.
fn block_on(work: impl Future<Output = Result<Outcome, Failure>>) -> Result<Outcome, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Diagnostic::error("No runtime", format!("The operating system refuses what waiting needs: {error}."))
    })?;
    let result = runtime.block_on(work);
    // What is still under way after an abort is not waited for.
    runtime.shutdown_background();
    result
}

fn wants_json(command: &Command) -> bool {
    use super::args::StateCommand as State;
    match command {
        Command::Validate(args) => args.json,
        Command::Plan(args) => args.json,
        Command::Apply(args) => args.json,
        Command::Destroy(args) => args.json,
        Command::Show(args) => args.json,
        Command::Output(args) => args.json,
        Command::Versions(args) => args.json,
        Command::Diff(args) => args.json,
        Command::Schema(args) => args.json,
        Command::Version(args) => args.json,
        Command::State(State::List(args)) => args.json,
        Command::State(State::Show(args)) => args.json,
        Command::Init(_)
        | Command::Fmt(_)
        | Command::Convert(_)
        | Command::Console(_)
        | Command::Explain(_)
        | Command::Graph(_)
        | Command::Rollback(_)
        | Command::Render(_)
        | Command::Import(_)
        | Command::State(_)
        | Command::Unlock(_)
        | Command::Completions(_) => false,
    }
}
