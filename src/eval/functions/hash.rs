//! Hashes of texts and files. It makes no random salt: `bcrypt` is known only after apply.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha512};

use super::call::{Call, Outcome};
use super::filesystem::read;
use crate::value::Value;

pub(super) fn sha256(call: &Call<'_>) -> Outcome {
    Ok(Value::string(hex(&Sha256::digest(call.text(0)?))))
}

pub(super) fn sha512(call: &Call<'_>) -> Outcome {
    Ok(Value::string(hex(&Sha512::digest(call.text(0)?))))
}

pub(super) fn base64sha256(call: &Call<'_>) -> Outcome {
    Ok(Value::string(STANDARD.encode(Sha256::digest(call.text(0)?))))
}

pub(super) fn base64sha512(call: &Call<'_>) -> Outcome {
    Ok(Value::string(STANDARD.encode(Sha512::digest(call.text(0)?))))
}

pub(super) fn filesha256(call: &Call<'_>) -> Outcome {
    Ok(Value::string(hex(&Sha256::digest(read(call)?))))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
