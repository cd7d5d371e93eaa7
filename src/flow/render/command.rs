//! Which command runs a flow, by the version that registered it (semantics 0.7).

use std::str::FromStr;

use pep440_rs::Version;

use crate::flow::original::{ErrorClass, OriginalError};
use crate::flow::python;

/// The command since 0.13.0.
pub const FLOW_RUN: &str = "prefect execute flow-run";
/// The command before 0.13.0.
pub const CLOUD_FLOW: &str = "prefect execute cloud-flow";

/// The command for a flow that `core_version` registered; no version counts as an old one.
///
/// # Errors
/// `InvalidVersion` for a text that is no version.
pub fn for_version(core_version: Option<&str>) -> Result<&'static str, OriginalError> {
    let version = core_version.filter(|version| !version.is_empty()).unwrap_or("0.0.0");
    let current = parse_version(version)? >= Version::new([0, 13, 0]);
    Ok(if current { FLOW_RUN } else { CLOUD_FLOW })
}

/// A version in the order of PEP 440: `0.13.0rc1` is below `0.13.0`, `0.13.0+x` above.
///
/// # Errors
/// `InvalidVersion` for a text that is no version.
pub fn parse_version(text: &str) -> Result<Version, OriginalError> {
    Version::from_str(text.trim()).map_err(|_| {
        let message = format!("Invalid version: {}", python::repr(&text.into()));
        OriginalError::new(ErrorClass::InvalidVersion, message)
    })
}
