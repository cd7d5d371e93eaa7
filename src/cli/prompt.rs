//! IO: lines typed by somebody, with editing and a history. It knows nothing of what is typed.

use std::path::PathBuf;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};

/// How many lines the history keeps.
const HISTORY: usize = 1_000;

/// What somebody did at the prompt.
pub(super) enum Typed {
    /// Entered a line.
    Line(String),
    /// Took back what was typed so far (ctrl-c).
    Cancelled,
    /// Left (ctrl-d), or the terminal is gone.
    Ended,
}

/// A prompt with its history.
pub(super) struct Prompt {
    editor: Editor<(), FileHistory>,
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
        if let (Ok(editor), Some(file)) = (&mut editor, &file) {
            let _ = editor.load_history(file);
        }
        editor.map(|editor| Self { editor, file }).map_err(|error| error.to_string())
    }

    /// Waits for a line.
    pub(super) fn line(&mut self, prompt: &str) -> Typed {
        match self.editor.readline(prompt) {
            Ok(line) => Typed::Line(line),
            Err(ReadlineError::Interrupted) => Typed::Cancelled,
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
