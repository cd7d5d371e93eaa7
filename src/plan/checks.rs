//! The checks of a configuration as plans and reports have them. They decide nothing.

use super::model::{CheckOutcome, CheckStatus};
use crate::desired::{self, CheckResult};

/// A check as plans and reports have it.
pub fn outcome(check: &CheckResult) -> CheckOutcome {
    let status = match check.status {
        desired::CheckStatus::Pass => CheckStatus::Pass,
        desired::CheckStatus::Fail => CheckStatus::Fail,
        desired::CheckStatus::Error => CheckStatus::Error,
        desired::CheckStatus::Unknown => CheckStatus::Unknown,
    };
    let messages = check.found.iter().map(|found| found.detail.clone()).collect();
    CheckOutcome { address: check.address.clone(), status, messages }
}
