//! What functions see beyond the configuration: files, and the time, the machine and randomness as they are handed in. At
//! plan time the clock and randomness are not there: what depends on them is known only after apply.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::edge;
use crate::config::files::Files;
use crate::eval::functions::Environment;

/// What is fixed when a plan is made, and kept with it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Surroundings {
    /// The time of the plan, in the RFC 3339 form, to the second.
    pub time: Option<String>,
    /// The directory that relative paths are against.
    pub directory: Option<String>,
    /// The home directory.
    pub home: Option<String>,
}

/// What functions see at one moment of the program.
#[derive(Clone, Debug)]
pub(super) struct World {
    files: Rc<Files>,
    fixed: Rc<Surroundings>,
    /// Whether the clock and randomness are there.
    is_live: bool,
}

impl World {
    /// The world of a plan.
    pub(super) fn planning(files: Files, fixed: Surroundings) -> Self {
        Self { files: Rc::new(files), fixed: Rc::new(fixed), is_live: false }
    }

    /// The same with the clock and randomness: nothing is known later.
    pub(super) fn live(&self) -> Self {
        Self { is_live: true, ..self.clone() }
    }

    /// The files.
    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    /// What a saved plan keeps of it, besides files.
    pub(super) fn fixed(&self) -> &Surroundings {
        &self.fixed
    }
}

impl Environment for World {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        self.files.read_file(path)
    }

    fn file_exists(&self, path: &str) -> Result<bool, String> {
        self.files.file_exists(path)
    }

    fn list_files(&self, directory: &str) -> Result<Vec<String>, String> {
        self.files.list_files(directory)
    }

    fn now(&self) -> Option<String> {
        self.is_live.then(edge::now_to_the_second)
    }

    fn plan_time(&self) -> Option<String> {
        self.fixed.time.clone()
    }

    fn random(&self) -> Option<[u8; 16]> {
        self.is_live.then(edge::random)
    }

    fn working_directory(&self) -> Option<String> {
        self.fixed.directory.clone()
    }

    fn home(&self) -> Option<String> {
        self.fixed.home.clone()
    }
}
