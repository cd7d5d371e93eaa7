//! Constructs, serializes and loads run configs.

use serde_json::{Value as Json, json};

use super::{FILES, PREFECT_VERSION, error, reader};
use crate::flow::run_config::{Disk, RunConfig, construct};

/// The serialized form, or the error of the constructor or of serializing; and whether it survives being loaded.
pub(super) fn run(input: &Json) -> Json {
    let read = reader(input);
    let disk = Disk { cwd: FILES, read: &read };
    let run_config = made(input.get("run_config").unwrap_or(&Json::Null), disk);
    match run_config.get("serialized") {
        None => json!({ "run_config": run_config }),
        Some(serialized) => {
            let equal = RunConfig::from_serialized(serialized, disk)
                .is_ok_and(|loaded| loaded.to_serialized(PREFECT_VERSION) == *serialized);
            json!({ "run_config": run_config, "round_trip_equal": equal })
        }
    }
}

/// What becomes of constructor arguments.
pub(super) fn made(arguments: &Json, disk: Disk<'_>) -> Json {
    match construct(arguments, disk) {
        Err(refused) => json!({ "error": error(&refused) }),
        Ok(constructed) => match constructed.to_serialized(PREFECT_VERSION) {
            Err(refused) => json!({ "serialize_error": error(&refused) }),
            Ok(serialized) => json!({ "serialized": serialized }),
        },
    }
}
