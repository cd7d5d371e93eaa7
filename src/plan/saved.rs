//! The plan file: the plan with what is needed to make it again, so that `apply` can compare, change by change,
//! what it was told with what it would plan now. It holds no sensitive value.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::model::{Plan, Step};
use super::planner::Options;

/// The format number of plan files.
pub const FORMAT: u32 = 1;

/// A saved plan. `K` is what the command line keeps of the configuration.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedPlan<K> {
    /// [`FORMAT`].
    pub format: u32,
    /// The version of the program that made it.
    pub flowform: String,
    /// When it was made: `keep_for` is measured against it.
    pub made_at: Timestamp,
    /// What was asked for.
    pub options: Options,
    /// The plan.
    pub plan: Plan,
    /// The configuration that it was made from.
    pub configuration: K,
}

/// Why a file is not a plan that this program can apply, as a sentence without a full stop.
///
/// # Errors
/// The text is no plan, or one of another format.
pub fn decode<K: for<'a> Deserialize<'a>>(bytes: &[u8]) -> Result<SavedPlan<K>, String> {
    #[derive(Deserialize)]
    struct Header {
        format: u32,
        flowform: String,
    }
    let header: Header = serde_json::from_slice(bytes)
        .map_err(|_| "it is not a plan that `flowform plan --out` wrote".to_owned())?;
    if header.format != FORMAT {
        return Err(format!(
            "it has the plan format {} of flowform {}, and this program reads format {FORMAT}",
            header.format, header.flowform
        ));
    }
    serde_json::from_slice(bytes).map_err(|error| format!("it is damaged: {error}"))
}

/// The changes of `saved` that the plan made `now` does not have in the same form: index into the saved changes,
/// with why it is refused. A change is the same when what people read and what runs are the same.
pub fn moved_on(saved: &Plan, now: &Plan) -> Vec<(usize, String)> {
    let current = fingerprints(now);
    let before = fingerprints(saved);
    let mut refused = Vec::new();
    for (index, fingerprint) in before.into_iter().enumerate() {
        let Some(change) = saved.changes.get(index) else { continue };
        let place = now.changes.iter().position(|other| other.address == change.address);
        match place.and_then(|place| current.get(place)) {
            Some(found) if *found == fingerprint => {}
            Some(_) => refused.push((
                index,
                "It has changed since the plan was made, so that the plan would do something else now. Plan again.".to_owned(),
            )),
            None => refused.push((
                index,
                "There is nothing to do for it any more: it has changed since the plan was made. Plan again.".to_owned(),
            )),
        }
    }
    refused
}

/// What a change says and does, as text.
fn fingerprints(plan: &Plan) -> Vec<String> {
    let mut texts: Vec<String> =
        plan.changes.iter().map(|change| serde_json::to_string(change).unwrap_or_default()).collect();
    for Step { change, operation, .. } in &plan.steps {
        let text = serde_json::value::to_raw_value(operation).map(|raw: Box<RawValue>| raw.get().to_owned());
        if let (Some(slot), Ok(text)) = (texts.get_mut(*change), text) {
            slot.push('\n');
            slot.push_str(&text);
        }
    }
    texts
}
