//! What an apply does, while it does it: a bar where the terminal can be drawn over, plain lines elsewhere. It writes
//! through the terminal only and knows nothing but events.

use std::collections::BTreeSet;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal::Terminal;
use super::text::{clean, clean_lines, number};
use super::theme::Role;
use crate::apply::event::ApplyEvent;
use crate::plan::model::StepId;

/// Where there are more steps than this, plain lines tell of every tenth part instead of every step.
const EVERY_STEP: usize = 200;
/// A terminal has room for this many addresses beside the bar.
const NAMED: usize = 3;

/// The progress of one apply.
pub struct Progress<'a> {
    terminal: &'a Terminal,
    bar: Option<ProgressBar>,
    total: usize,
    ended: usize,
    failed: usize,
    running: BTreeSet<(StepId, String)>,
}

impl<'a> Progress<'a> {
    /// The progress of an apply of `total` steps.
    pub fn new(terminal: &'a Terminal, total: usize) -> Self {
        let bar = terminal.is_animated().then(|| {
            let target = ProgressDrawTarget::stderr();
            let bar = ProgressBar::with_draw_target(Some(total as u64), target);
            // The template is fixed text; should it ever be wrong, the default one serves.
            if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {wide_msg}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { terminal, bar, total, ended: 0, failed: 0, running: BTreeSet::new() }
    }

    /// Shows one event.
    pub fn event(&mut self, event: &ApplyEvent) {
        let theme = self.terminal.err_theme();
        match event {
            ApplyEvent::StepStarted { step, address, .. } => {
                self.running.insert((*step, address.clone()));
                self.refresh();
            }
            ApplyEvent::StepFinished { step, address, what, took } => {
                self.end(*step, address);
                if self.bar.is_none() && self.total <= EVERY_STEP {
                    self.line(&format!("{}: {} ({})", clean(address), clean(what), duration(*took)));
                }
                self.milestone();
            }
            ApplyEvent::StepFailed { step, address, message } => {
                self.failed += 1;
                self.end(*step, address);
                let word = theme.paint(Role::Error, "failed");
                self.line(&format!("{}: {word}: {}", clean(address), clean_lines(message)));
                self.milestone();
            }
            ApplyEvent::StepSkipped { step, address, because } => {
                self.end(*step, address);
                if self.total <= EVERY_STEP {
                    let word = theme.paint(Role::Warning, "not begun");
                    self.line(&format!("{}: {word}, because {}", clean(address), clean(because)));
                }
                self.milestone();
            }
            ApplyEvent::Waiting { what } => match &self.bar {
                Some(bar) => bar.set_message(clean(what).into_owned()),
                None => self.line(&format!("{}...", clean(what))),
            },
        }
    }

    /// Takes the bar away; the summary follows.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }

    fn end(&mut self, step: StepId, address: &str) {
        self.running.remove(&(step, address.to_owned()));
        self.ended = self.ended.saturating_add(1);
        self.refresh();
    }

    fn refresh(&self) {
        let Some(bar) = &self.bar else { return };
        bar.set_position(self.ended as u64);
        let names: Vec<_> = self.running.iter().take(NAMED).map(|(_, address)| clean(address)).collect();
        let more = match self.running.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {} more", number(more)),
        };
        let failed = match self.failed {
            0 => String::new(),
            failed => format!("{} failed; ", number(failed)),
        };
        bar.set_message(format!("{failed}{}{more}", names.join(", ")));
    }

    /// In plain lines, and with many steps: a line for every tenth part.
    fn milestone(&self) {
        if self.bar.is_some() || self.total <= EVERY_STEP {
            return;
        }
        let tenth = |ended: usize| ended.saturating_mul(10) / self.total.max(1);
        if tenth(self.ended) > tenth(self.ended.saturating_sub(1)) {
            let failed = match self.failed {
                0 => String::new(),
                failed => format!(", {} failed", number(failed)),
            };
            self.line(&format!("{} of {} steps{failed}", number(self.ended), number(self.total)));
        }
    }

    fn line(&self, text: &str) {
        let write = || self.terminal.err(&format!("{text}\n"));
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// A duration for people: `0.4s`, `12s`, `3m 05s`.
pub fn duration(took: Duration) -> String {
    let seconds = took.as_secs();
    match seconds {
        0..10 => format!("{:.1}s", took.as_secs_f64()),
        10..60 => format!("{seconds}s"),
        _ => format!("{}m {:02}s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::report::terminal::Settings;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn shown(total: usize, events: impl IntoIterator<Item = ApplyEvent>) -> String {
        let err = Buffer::default();
        let terminal = Terminal::with_streams(Settings::default(), io::sink(), err.clone(), io::empty());
        let mut progress = Progress::new(&terminal, total);
        for event in events {
            progress.event(&event);
        }
        progress.finish();
        String::from_utf8(err.0.lock().unwrap().clone()).unwrap()
    }

    fn finished(number: usize) -> ApplyEvent {
        ApplyEvent::StepFinished {
            step: StepId(number),
            address: format!("flow.f{number}"),
            what: "make version 2".to_owned(),
            took: Duration::from_millis(1234),
        }
    }

    #[test]
    fn few_steps_have_a_line_each() {
        let events = [
            ApplyEvent::Waiting { what: "Waiting for the lease of ann@laptop (apply)".to_owned() },
            ApplyEvent::StepStarted {
                step: StepId(0),
                address: "flow.f0".into(),
                what: "make version 2".into(),
            },
            finished(0),
            ApplyEvent::StepFailed {
                step: StepId(1),
                address: "flow.b".into(),
                message: "Access denied.".into(),
            },
            ApplyEvent::StepSkipped {
                step: StepId(2),
                address: "flow.c".into(),
                because: "flow.b failed".into(),
            },
        ];
        assert_eq!(
            shown(3, events),
            "Waiting for the lease of ann@laptop (apply)...\nflow.f0: make version 2 (1.2s)\n\
             flow.b: failed: Access denied.\nflow.c: not begun, because flow.b failed\n"
        );
    }

    #[test]
    fn many_steps_have_a_line_for_every_tenth_part() {
        let text = shown(1000, (0..1000).map(finished));
        assert_eq!(text.lines().count(), 10);
        assert_eq!(text.lines().next(), Some("100 of 1,000 steps"));
    }
}
