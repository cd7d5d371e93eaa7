//! Colours by meaning. A renderer is given a theme and never asks a terminal whether it has colours.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Effects, Style};

/// What a piece of text means, which decides how it is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Something new.
    Add,
    /// Something altered.
    Change,
    /// Something that ends or is removed.
    Remove,
    /// Something that deserves a second look without being an error.
    Notice,
    /// A heading, an address.
    Strong,
    /// Something that may be passed over.
    Faint,
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// A good end.
    Good,
}

impl Role {
    const fn style(self) -> Style {
        match self {
            Self::Add | Self::Good => AnsiColor::Green.on_default(),
            Self::Change => AnsiColor::Yellow.on_default(),
            Self::Remove => AnsiColor::Red.on_default(),
            Self::Notice => AnsiColor::Cyan.on_default(),
            Self::Strong => Style::new().effects(Effects::BOLD),
            Self::Faint => Style::new().effects(Effects::DIMMED),
            Self::Error => AnsiColor::BrightRed.on_default().effects(Effects::BOLD),
            Self::Warning => AnsiColor::Yellow.on_default().effects(Effects::BOLD),
        }
    }
}

/// Whether text carries ANSI styles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    colored: bool,
}

impl Theme {
    /// Text as it is.
    pub const fn plain() -> Self {
        Self { colored: false }
    }

    /// Text with ANSI styles.
    pub const fn color() -> Self {
        Self { colored: true }
    }

    /// Whether text carries ANSI styles.
    pub const fn is_colored(self) -> bool {
        self.colored
    }

    /// `text` in the style of `role`.
    pub const fn paint<T: Display>(self, role: Role, text: T) -> Painted<T> {
        Painted { style: if self.colored { Some(role.style()) } else { None }, text }
    }
}

/// Text in a style; it measures as the text alone.
#[derive(Clone, Copy, Debug)]
pub struct Painted<T> {
    style: Option<Style>,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style {
            Some(style) => write!(f, "{style}{}{style:#}", self.text),
            None => self.text.fmt(f),
        }
    }
}
