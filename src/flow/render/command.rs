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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn the_command_goes_by_the_core_version() {
        for (version, expected) in [
            (Some("0.12.6"), CLOUD_FLOW),
            (Some("0.13.0rc1"), CLOUD_FLOW),
            (Some("0.13.0.dev1"), CLOUD_FLOW),
            (Some("0.13"), FLOW_RUN),
            (Some("0.13.0"), FLOW_RUN),
            (Some("0.13.0.post1"), FLOW_RUN),
            (Some("0.13.0+1.g2"), FLOW_RUN),
            (Some("v1.4.1"), FLOW_RUN),
            (Some("1!0.1"), FLOW_RUN),
            (Some("1.4.1"), FLOW_RUN),
            (Some(""), CLOUD_FLOW),
            (None, CLOUD_FLOW),
        ] {
            assert_eq!(for_version(version).unwrap(), expected, "{version:?}");
        }
        let error = for_version(Some("latest")).unwrap_err();
        assert_eq!(error.to_string(), "InvalidVersion: Invalid version: 'latest'");
    }
}
