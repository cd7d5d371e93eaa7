//! The only writer to standard output and standard error, and the only reader of answers. Data goes to standard
//! output, everything else to standard error. It formats nothing.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anstream::{AutoStream, ColorChoice};

use super::theme::Theme;
use crate::diag::Diagnostic;

/// Columns where the output is not a terminal: a CI log, a file.
const PIPED_WIDTH: usize = 120;
/// Narrower terminals are written to as if they had this many columns.
const LEAST_WIDTH: usize = 40;

/// Whether to write colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// To a terminal, as `NO_COLOR`, `CLICOLOR` and `CLICOLOR_FORCE` say.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What was asked for; `None` means: find out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Colours.
    pub color: Color,
    /// Columns.
    pub width: Option<usize>,
    /// Whether somebody is there to answer a question.
    pub interactive: Option<bool>,
    /// Whether progress may be drawn over itself.
    pub animated: Option<bool>,
}

/// The streams of this process. Writing never fails in the middle of work: the first failure is kept and
/// [`Terminal::finish`] returns it. A reader that has gone away (`| head`) is no failure.
pub struct Terminal {
    out: Mutex<Sink>,
    err: Mutex<Sink>,
    input: Mutex<Box<dyn BufRead + Send>>,
    out_theme: Theme,
    err_theme: Theme,
    width: usize,
    interactive: bool,
    animated: bool,
}

struct Sink {
    stream: Box<dyn Write + Send>,
    state: SinkState,
}

enum SinkState {
    Open,
    Closed,
    Failed(io::Error),
}

impl Terminal {
    /// The streams of this process.
    pub fn new(settings: Settings) -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let choice = |detected: ColorChoice| match settings.color {
            Color::Auto => detected,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        let out_choice = choice(AutoStream::choice(&stdout));
        let err_choice = choice(AutoStream::choice(&stderr));
        let out_is_terminal = stdout.is_terminal();
        let err_is_terminal = stderr.is_terminal();
        let detected = || out_is_terminal.then(terminal_size::terminal_size).flatten();
        Self {
            width: settings
                .width
                .or_else(|| detected().map(|(width, _)| usize::from(width.0)))
                .unwrap_or(PIPED_WIDTH),
            interactive: settings.interactive.unwrap_or_else(|| io::stdin().is_terminal() && err_is_terminal),
            animated: settings.animated.unwrap_or(err_is_terminal),
            out: Sink::new(AutoStream::new(stdout, out_choice)),
            err: Sink::new(AutoStream::new(stderr, err_choice)),
            input: Mutex::new(Box::new(io::BufReader::new(io::stdin()))),
            out_theme: theme(out_choice),
            err_theme: theme(err_choice),
        }
    }

    /// Other streams in place of those of the process: for tests, and for embedding. What `settings` leaves open is
    /// no colour, nobody there, nothing animated.
    pub fn with_streams(
        settings: Settings,
        out: impl Write + Send + 'static,
        err: impl Write + Send + 'static,
        input: impl BufRead + Send + 'static,
    ) -> Self {
        let theme = match settings.color {
            Color::Always => Theme::color(),
            Color::Auto | Color::Never => Theme::plain(),
        };
        Self {
            out: Sink::new(out),
            err: Sink::new(err),
            input: Mutex::new(Box::new(input)),
            out_theme: theme,
            err_theme: theme,
            width: settings.width.unwrap_or(PIPED_WIDTH),
            interactive: settings.interactive.unwrap_or(false),
            animated: settings.animated.unwrap_or(false),
        }
    }

    /// Writes data to standard output, exactly as it is.
    pub fn out(&self, text: &str) {
        lock(&self.out).write(text);
    }

    /// Writes anything else to standard error, exactly as it is.
    pub fn err(&self, text: &str) {
        lock(&self.err).write(text);
    }

    /// How text for standard output is painted.
    pub fn theme(&self) -> Theme {
        self.out_theme
    }

    /// How text for standard error is painted.
    pub fn err_theme(&self) -> Theme {
        self.err_theme
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        self.width.max(LEAST_WIDTH)
    }

    /// Whether somebody is there to answer.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Whether progress may be drawn over itself on standard error.
    pub fn is_animated(&self) -> bool {
        self.animated
    }

    /// Asks `question` and waits for the answer; only "yes" accepts, the end of the input does not. `unattended` says
    /// what to do where nobody can be asked.
    ///
    /// # Errors
    /// When nobody is there to answer, or the answer cannot be read.
    pub fn confirm(&self, question: &str, unattended: &str) -> Result<bool, Box<Diagnostic>> {
        if !self.interactive {
            return Err(Box::new(
                Diagnostic::error(
                    "Approval needed",
                    "This needs somebody's approval, and nobody can be asked: the input is not a terminal.",
                )
                .help(unattended),
            ));
        }
        self.err(&format!("{question}\n  Only \"yes\" is accepted: "));
        let mut answer = String::new();
        match lock(&self.input).read_line(&mut answer) {
            Ok(_) => Ok(answer.trim() == "yes"),
            Err(error) => Err(Box::new(Diagnostic::error(
                "Answer not read",
                format!("The answer could not be read from the standard input: {error}."),
            ))),
        }
    }

    /// Reads the standard input to its end.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read_to_end(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        lock(&self.input).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Flushes both streams.
    ///
    /// # Errors
    /// The first write that failed (a full disk, say): what was to be written is then incomplete, and a command that
    /// printed data has failed.
    pub fn finish(&self) -> io::Result<()> {
        let out = lock(&self.out).finish();
        let err = lock(&self.err).finish();
        out.and(err)
    }
}

impl Sink {
    fn new(stream: impl Write + Send + 'static) -> Mutex<Self> {
        Mutex::new(Self { stream: Box::new(stream), state: SinkState::Open })
    }

    fn write(&mut self, text: &str) {
        if matches!(self.state, SinkState::Open) {
            let result = self.stream.write_all(text.as_bytes()).and_then(|()| self.stream.flush());
            self.note(result);
        }
    }

    fn note(&mut self, result: io::Result<()>) {
        match result {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.state = SinkState::Closed,
            Err(error) => self.state = SinkState::Failed(error),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        if matches!(self.state, SinkState::Open) {
            let result = self.stream.flush();
            self.note(result);
        }
        match std::mem::replace(&mut self.state, SinkState::Open) {
            SinkState::Open => Ok(()),
            SinkState::Closed => {
                self.state = SinkState::Closed;
                Ok(())
            }
            SinkState::Failed(error) => {
                self.state = SinkState::Closed;
                Err(error)
            }
        }
    }
}

fn theme(choice: ColorChoice) -> Theme {
    match choice {
        ColorChoice::Always | ColorChoice::AlwaysAnsi => Theme::color(),
        ColorChoice::Auto | ColorChoice::Never => Theme::plain(),
    }
}

// A thread that panicked while it wrote leaves a stream that can still be written to.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    fn asked(answer: &'static str) -> bool {
        let settings = Settings { interactive: Some(true), ..Settings::default() };
        let terminal = Terminal::with_streams(settings, io::sink(), io::sink(), answer.as_bytes());
        terminal.confirm("Apply these changes?", "use --auto-approve").unwrap()
    }

    #[test]
    fn only_yes_accepts() {
        assert!(asked("yes\n"));
        assert!(!asked("y\n"));
        assert!(!asked("Yes\n"));
        assert!(!asked("no\n"));
        assert!(!asked(""));
    }

    #[test]
    fn nobody_there_is_an_error_that_names_the_way_out() {
        let terminal = Terminal::with_streams(Settings::default(), io::sink(), io::sink(), io::empty());
        let error = terminal.confirm("Apply?", "use --auto-approve").unwrap_err();
        assert!(error.help.unwrap().contains("--auto-approve"));
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure_but_a_full_disk_is() {
        let gone = Failing(io::ErrorKind::BrokenPipe);
        let terminal = Terminal::with_streams(Settings::default(), gone, io::sink(), io::empty());
        terminal.out("text");
        terminal.out("more");
        assert!(terminal.finish().is_ok());

        let full = Failing(io::ErrorKind::StorageFull);
        let terminal = Terminal::with_streams(Settings::default(), full, io::sink(), io::empty());
        terminal.out("text");
        assert_eq!(terminal.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn data_and_talk_go_to_different_streams() {
        let (out, err) = (Buffer::default(), Buffer::default());
        let terminal = Terminal::with_streams(Settings::default(), out.clone(), err.clone(), io::empty());
        terminal.out("data");
        terminal.err("talk");
        assert_eq!((&**out.0.lock().unwrap(), &**err.0.lock().unwrap()), (&b"data"[..], &b"talk"[..]));
    }
}
