//! `console`: expressions against the configuration and what is recorded.

use super::Outcome;
use crate::cli::args::ConsoleArgs;
use crate::cli::edge;
use crate::cli::failure::{Failure, file};
use crate::cli::planning::{self, Read};
use crate::cli::prompt::{Prompt, Typed};
use crate::cli::run::Context;
use crate::cli::workspace::Workspace;
use crate::desired::{Evaluation, NothingKnown, console, evaluate};
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::{console_text, describe_type};
use crate::report::diagnostics;
use crate::syntax::ast::{Expr, ExprKind};
use crate::syntax::{is_complete, parse_expression};

const HELP: &str = "\
Each expression that is entered is evaluated and its value shown.

  flow.etl.version       what is recorded of a flow; (known after apply) where apply would change it
  var.NAME, local.NAME   variables and local values
  upper(\"a\")             any function of the language
  type(var.NAME)         the type of a value

An expression goes on on the next line while brackets or heredocs are open. Nothing is changed.
Ctrl-c takes back what is typed; on an empty line it leaves, as `exit` and ctrl-d do.
";

pub(in crate::cli) async fn run(context: &Context, args: &ConsoleArgs) -> Result<Outcome, Failure> {
    let mut session = Session::start(context, args).await?;
    match context.terminal.is_interactive() {
        true => interactive(context, &mut session),
        false => piped(context, &mut session),
    }
}

/// Somebody types; mistakes end nothing.
fn interactive(context: &Context, session: &mut Session<'_>) -> Result<Outcome, Failure> {
    let mut prompt = Prompt::new(edge::history_file()).map_err(|error| {
        Diagnostic::error("No terminal", format!("The terminal cannot be used for typing: {error}."))
    })?;
    let mut typed = String::new();
    loop {
        match prompt.line(if typed.is_empty() { "> " } else { ": " }) {
            Typed::Ended => return Ok(Outcome::Done),
            Typed::Cancelled { nothing: true } if typed.is_empty() => return Ok(Outcome::Done),
            Typed::Cancelled { .. } => typed.clear(),
            Typed::Line(line) => {
                typed.push_str(&line);
                typed.push('\n');
                if is_complete(&typed) {
                    let entry = std::mem::take(&mut typed);
                    if !entry.trim().is_empty() {
                        prompt.remember(entry.trim_end());
                    }
                    if session.enter(context, &entry) == Entered::Exit {
                        return Ok(Outcome::Done);
                    }
                }
            }
        }
    }
}

/// Everything comes from a pipe or a file: all of it is evaluated, and one failure is the failure of the command.
fn piped(context: &Context, session: &mut Session<'_>) -> Result<Outcome, Failure> {
    let path = std::path::Path::new("<stdin>");
    let bytes = context.terminal.read_to_end().map_err(|error| file("read", path, &error))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Diagnostic::error("File not readable", "The standard input cannot be read: it is not UTF-8.")
    })?;
    let mut outcome = Outcome::Done;
    let mut entry = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        entry.push_str(line);
        entry.push('\n');
        if !is_complete(&entry) && lines.peek().is_some() {
            continue;
        }
        match session.enter(context, &std::mem::take(&mut entry)) {
            Entered::Exit => break,
            Entered::Failed => outcome = Outcome::Failed,
            Entered::Done => {}
        }
    }
    Ok(outcome)
}

/// What became of an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entered {
    Done,
    Failed,
    Exit,
}

/// An evaluated configuration to ask about.
struct Session<'a> {
    workspace: Workspace,
    evaluation: Evaluation,
    context: &'a Context,
}

impl<'a> Session<'a> {
    async fn start(context: &'a Context, args: &ConsoleArgs) -> Result<Self, Failure> {
        let mut diags = Diagnostics::new();
        let mut workspace = Workspace::load(&context.directory, &args.variables, &mut diags);
        // Nothing is planned, so nothing is known later.
        workspace.world = workspace.live.clone();
        if !edge::has_configuration(&context.directory) {
            // Functions can be tried anywhere.
            let evaluation = evaluate(workspace.inputs(), &NothingKnown, &mut Diagnostics::new());
            return Ok(Self { workspace, evaluation, context });
        }
        // Anything may be asked for, also what nothing in the configuration refers to.
        workspace.graph.referenced.fill(true);
        let (workspace, mut diags) = workspace.checked(diags)?;
        let read: Read = planning::read_record(&workspace, planning::store(&workspace)).await?;
        let (evaluation, _) = planning::evaluated(&workspace, &read, &mut diags).await?;
        if diags.has_errors() {
            return Err(Failure::new(diags, workspace.sources));
        }
        context.warn(&diags, &workspace.sources);
        Ok(Self { workspace, evaluation, context })
    }

    /// Evaluates one entry and shows its value, or what is wrong with it.
    fn enter(&mut self, context: &Context, entry: &str) -> Entered {
        match entry.trim() {
            "" => return Entered::Done,
            "exit" | "quit" => return Entered::Exit,
            "help" => {
                context.terminal.out(HELP);
                return Entered::Done;
            }
            text if text.lines().all(|line| line.starts_with('#') || line.starts_with("//")) => {
                return Entered::Done;
            }
            _ => {}
        }
        let mut diags = Diagnostics::new();
        let shown = self.evaluate(entry, &mut diags);
        if !diags.is_empty() {
            let terminal = &self.context.terminal;
            let (theme, width) = (terminal.err_theme(), terminal.width());
            terminal.err(&diagnostics::render(&diags, &self.workspace.sources, theme, width));
        }
        match shown.filter(|_| !diags.has_errors()) {
            Some(text) => {
                context.terminal.out(&format!("{text}\n"));
                Entered::Done
            }
            None => Entered::Failed,
        }
    }

    fn evaluate(&mut self, entry: &str, diags: &mut Diagnostics) -> Option<String> {
        let file = self.workspace.sources.add("<console>", entry);
        let expr = parse_expression(file, entry, diags)?;
        let inputs = self.workspace.inputs();
        if let Some(operand) = type_operand(&expr) {
            return Some(describe_type(&console(inputs, &self.evaluation, operand, diags)));
        }
        Some(console_text(&console(inputs, &self.evaluation, &expr, diags)))
    }
}

/// What `type(...)` as a whole entry asks about.
fn type_operand(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Call(call) if &*call.name.text == "type" => match call.args.as_slice() {
            [operand] if !call.expand_final => Some(operand),
            _ => None,
        },
        _ => None,
    }
}
