//! Hashes of texts and files. Salts come from the environment; without one, `bcrypt` is known only after apply.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::call::{Call, Fault, Outcome, fault, fault_at};
use super::filesystem::read;
use crate::value::{Marks, Type, Value};

/// The cost of `bcrypt` where none is given.
const DEFAULT_COST: i64 = 10;
/// The most that a hash here may cost: each step more doubles the time, and 14 take about a second.
const MAX_COST: i64 = 14;
/// The bytes that bcrypt looks at.
const MAX_PASSWORD: usize = 72;

pub(super) fn md5(call: &Call<'_>) -> Outcome {
    hex::<Md5>(call.text(0)?.as_bytes())
}

pub(super) fn sha1(call: &Call<'_>) -> Outcome {
    hex::<Sha1>(call.text(0)?.as_bytes())
}

pub(super) fn sha256(call: &Call<'_>) -> Outcome {
    hex::<Sha256>(call.text(0)?.as_bytes())
}

pub(super) fn sha512(call: &Call<'_>) -> Outcome {
    hex::<Sha512>(call.text(0)?.as_bytes())
}

pub(super) fn base64sha256(call: &Call<'_>) -> Outcome {
    base64::<Sha256>(call.text(0)?.as_bytes())
}

pub(super) fn base64sha512(call: &Call<'_>) -> Outcome {
    base64::<Sha512>(call.text(0)?.as_bytes())
}

pub(super) fn filemd5(call: &Call<'_>) -> Outcome {
    hex::<Md5>(&read(call)?)
}

pub(super) fn filesha1(call: &Call<'_>) -> Outcome {
    hex::<Sha1>(&read(call)?)
}

pub(super) fn filesha256(call: &Call<'_>) -> Outcome {
    hex::<Sha256>(&read(call)?)
}

pub(super) fn filesha512(call: &Call<'_>) -> Outcome {
    hex::<Sha512>(&read(call)?)
}

pub(super) fn filebase64sha256(call: &Call<'_>) -> Outcome {
    base64::<Sha256>(&read(call)?)
}

pub(super) fn filebase64sha512(call: &Call<'_>) -> Outcome {
    base64::<Sha512>(&read(call)?)
}

pub(super) fn bcrypt(call: &Call<'_>) -> Outcome {
    let text = call.text(0)?;
    let cost = match call.args.len() {
        1 => DEFAULT_COST,
        2 => call.whole(1)?,
        _ => return Err(fault("a text and at most one cost are required")),
    };
    // As in the reference, less than four means the default.
    let cost = if cost < 4 { DEFAULT_COST } else { cost };
    if cost > MAX_COST {
        return Err(fault_at(
            1,
            format!("a cost of at most {MAX_COST} is required, as more would take too long"),
        ));
    }
    if text.len() > MAX_PASSWORD {
        return Err(fault_at(
            0,
            format!("at most {MAX_PASSWORD} bytes are required, because more have no effect"),
        ));
    }
    let Some(salt) = call.env.random() else {
        return Ok(Value::unknown(Type::String).marked(Marks::VOLATILE));
    };
    let cost = u32::try_from(cost).map_err(|_| fault_at(1, "a cost is required"))?;
    let hash = bcrypt::hash_with_salt(text, cost, salt);
    let hash = hash.map_err(|error| fault(format!("the hash cannot be made: {error}")))?;
    Ok(Value::string(hash.format_for_version(bcrypt::Version::TwoA)).marked(Marks::VOLATILE))
}

pub(super) fn uuid(call: &Call<'_>) -> Outcome {
    Ok(match call.env.random() {
        Some(bytes) => Value::string(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()),
        None => Value::unknown(Type::String),
    }
    .marked(Marks::VOLATILE))
}

pub(super) fn uuidv5(call: &Call<'_>) -> Outcome {
    let namespace = match call.text(0)? {
        "dns" => uuid::Uuid::NAMESPACE_DNS,
        "url" => uuid::Uuid::NAMESPACE_URL,
        "oid" => uuid::Uuid::NAMESPACE_OID,
        "x500" => uuid::Uuid::NAMESPACE_X500,
        text => uuid::Uuid::try_parse(text).map_err(|_| {
            fault_at(0, "a UUID is required, or one of \"dns\", \"url\", \"oid\" and \"x500\"")
                .detail(format!("{text:?} is neither"))
        })?,
    };
    let mut hash = Sha1::new();
    hash.update(namespace.as_bytes());
    hash.update(call.text(1)?);
    let digest = hash.finalize();
    let bytes: [u8; 16] = digest.first_chunk().copied().unwrap_or_default();
    Ok(Value::string(uuid::Builder::from_sha1_bytes(bytes).into_uuid().to_string()))
}

fn hex<D: Digest>(bytes: &[u8]) -> Outcome {
    let digits: String = D::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Value::string(digits))
}

fn base64<D: Digest>(bytes: &[u8]) -> Result<Value, Fault> {
    Ok(Value::string(STANDARD.encode(D::digest(bytes))))
}
