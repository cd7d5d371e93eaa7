//! IO: lines typed by somebody, with editing and a history. It knows nothing of what is typed.

use std::cell::Cell;
use std::path::PathBuf;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, Helper};

/// How many lines the history keeps.
const HISTORY: usize = 1_000;

/// What somebody did at the prompt.
pub(super) enum Typed {
    /// Entered a line.
    Line(String),
    /// Took back what was typed so far (ctrl-c); `nothing` when the line was empty.
    Cancelled { nothing: bool },
    /// Left (ctrl-d), or the terminal is gone.
    Ended,
}

/// Watches whether there is anything on the line: the editor does not tell when it is interrupted. It hints at nothing.
#[derive(Default)]
struct Watch {
    is_used: Cell<bool>,
}

impl Hinter for Watch {
    type Hint = String;

    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        self.is_used.set(!line.is_empty());
        None
    }
}

impl Completer for Watch {
    type Candidate = String;
}

impl Highlighter for Watch {}
impl Validator for Watch {}
impl Helper for Watch {}

/// A prompt with its history.
pub(super) struct Prompt {
    editor: Editor<Watch, FileHistory>,
    file: Option<PathBuf>,
}

impl Prompt {
    /// A prompt whose history is kept in `file`; one that cannot be read is begun anew.
    ///
    /// # Errors
    /// The terminal cannot be used.
    pub(super) fn new(file: Option<PathBuf>) -> Result<Self, String> {
        let config = Config::builder().max_history_size(HISTORY).map_err(|error| error.to_string())?;
        let mut editor = Editor::with_config(config.auto_add_history(false).build());
        if let Ok(editor) = &mut editor {
            editor.set_helper(Some(Watch::default()));
            if let Some(file) = &file {
                let _ = editor.load_history(file);
            }
        }
        editor.map(|editor| Self { editor, file }).map_err(|error| error.to_string())
    }

    /// Waits for a line.
    pub(super) fn line(&mut self, prompt: &str) -> Typed {
        let is_used =
            |editor: &Editor<Watch, FileHistory>| editor.helper().is_some_and(|watch| watch.is_used.get());
        if let Some(watch) = self.editor.helper() {
            watch.is_used.set(false);
        }
        match self.editor.readline(prompt) {
            Ok(line) => Typed::Line(line),
            Err(ReadlineError::Interrupted) => Typed::Cancelled { nothing: !is_used(&self.editor) },
            Err(_) => Typed::Ended,
        }
    }

    /// Keeps an entry for later sessions; what cannot be kept is only not there next time.
    pub(super) fn remember(&mut self, entry: &str) {
        if self.editor.add_history_entry(entry).unwrap_or(false)
            && let Some(file) = &self.file
        {
            let _ = self.editor.append_history(file);
        }
    }
}
