//! The seam between evaluation, which is pure, and what `data` blocks read: requests that are gathered, answers that
//! were had. It reads nothing.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::desired::AwsAccess;

/// What a `data` block asks for. Equal requests are read once per plan.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Request {
    /// What.
    pub what: What,
    /// Whether a part of it is sensitive: then neither it nor its answer is kept.
    pub secret: bool,
}

/// What is asked for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A file.
    File {
        /// As written.
        path: String,
    },
    /// The state of Terraform, of which only the outputs are looked at.
    TerraformState {
        /// As written.
        path: String,
    },
    /// What a registry has of a project.
    Registry {
        /// The project.
        project: String,
        /// The registry's directory as written; the configuration's own registry without one.
        path: Option<String>,
    },
    /// The state of Terraform in S3, of which only the outputs are looked at.
    S3State {
        /// The bucket.
        bucket: String,
        /// The object's key.
        key: String,
        /// How AWS is reached.
        access: AwsAccess,
    },
    /// An object of S3, reached as a registry in S3 is.
    S3Object {
        /// The bucket.
        bucket: String,
        /// The object's key.
        key: String,
    },
    /// An object of Cloud Storage, reached as a registry there is.
    GcsObject {
        /// The bucket.
        bucket: String,
        /// The object's key.
        key: String,
    },
    /// An HTTP resource.
    Http {
        /// The address.
        url: String,
        /// Headers by name.
        headers: BTreeMap<String, String>,
        /// How long it may take, in milliseconds.
        timeout: Option<u64>,
    },
}

/// Shows neither addresses nor headers, which may be secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Request(...)")
    }
}

/// Shows nothing of what was read.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(...)")
    }
}

/// What was read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The content of a file.
    Bytes(Vec<u8>),
    /// What a registry has of a project: attributes by name.
    Registry(serde_json::Map<String, serde_json::Value>),
    /// What a server said.
    Response {
        /// The status code.
        status: u16,
        /// The headers, names in lower case.
        headers: BTreeMap<String, String>,
        /// The body.
        body: Vec<u8>,
    },
}

/// An answer, or why there is none, as a clause.
pub type Answered = Result<Answer, String>;

/// Answers to requests, as far as they are had.
pub trait DataSource {
    /// The answer; `None` while it is not had.
    fn read(&self, request: &Request) -> Option<Answered>;
}

/// Reads nothing: for `validate`.
#[derive(Clone, Copy, Debug)]
pub struct NoData;

impl DataSource for NoData {
    fn read(&self, _: &Request) -> Option<Answered> {
        None
    }
}

/// Answers that were had, and requests that were met without one.
#[derive(Default)]
pub struct DataTable {
    answers: RefCell<BTreeMap<Request, Answered>>,
    wanted: RefCell<BTreeSet<Request>>,
}

impl DataTable {
    /// With answers that were had before.
    pub fn kept(answers: impl IntoIterator<Item = (Request, Answer)>) -> Self {
        let answers = answers.into_iter().map(|(request, answer)| (request, Ok(answer))).collect();
        Self { answers: RefCell::new(answers), wanted: RefCell::default() }
    }

    /// The requests that were met without an answer since they were last taken.
    pub fn take_wanted(&self) -> Vec<Request> {
        std::mem::take(&mut *self.wanted.borrow_mut()).into_iter().collect()
    }

    /// Notes an answer.
    pub fn answer(&self, request: Request, answered: Answered) {
        self.answers.borrow_mut().insert(request, answered);
    }

    /// What a saved plan keeps: nothing that is sensitive, and of states only their outputs. What is left out is read
    /// again.
    pub fn to_keep(&self) -> Vec<(Request, Answer)> {
        let answers = self.answers.borrow();
        let good = answers.iter().filter(|(request, _)| !request.secret);
        good.filter_map(|(request, answered)| {
            let answer = answered.as_ref().ok()?;
            let kept = match (&request.what, answer) {
                (What::TerraformState { .. } | What::S3State { .. }, Answer::Bytes(bytes)) => {
                    Answer::Bytes(super::terraform::without_secrets(bytes)?)
                }
                _ => answer.clone(),
            };
            Some((request.clone(), kept))
        })
        .collect()
    }
}

impl DataSource for DataTable {
    fn read(&self, request: &Request) -> Option<Answered> {
        let answered = self.answers.borrow().get(request).cloned();
        if answered.is_none() {
            self.wanted.borrow_mut().insert(request.clone());
        }
        answered
    }
}
