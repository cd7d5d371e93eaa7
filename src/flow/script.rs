//! The scripts of flows that apply uploads: which kinds of storage take one, and the part of a definition that says what is
//! uploaded where. It uploads nothing.

use serde_json::Value as Json;

use super::kind::StorageKind;

/// The part of a definition: `{ "uri": ..., "text": ... }`.
pub const PART: &str = "script";

/// The keeper of scripts in S3.
pub const S3: &str = "s3";

/// The name under which the scripts of a kind of storage are kept, where this version uploads them.
pub const fn keeper(kind: StorageKind) -> Option<&'static str> {
    match kind {
        StorageKind::S3 => Some(S3),
        StorageKind::Gcs
        | StorageKind::Azure
        | StorageKind::Docker
        | StorageKind::Local
        | StorageKind::Github
        | StorageKind::Gitlab
        | StorageKind::Bitbucket
        | StorageKind::Git
        | StorageKind::Codecommit
        | StorageKind::Module
        | StorageKind::Webhook => None,
    }
}

/// The URI of an object of a storage whose scripts are uploaded.
pub fn uri(kind: StorageKind, bucket: &str, key: &str) -> Option<String> {
    Some(format!("{}://{bucket}/{key}", keeper(kind)?))
}

/// What a definition has uploaded: who keeps it, and the part itself.
pub fn of(definition: &Json) -> Option<(&'static str, &Json)> {
    let part = definition.get(PART)?;
    let (scheme, _) = part.get("uri")?.as_str()?.split_once("://")?;
    let keeper = [S3].into_iter().find(|keeper| *keeper == scheme)?;
    Some((keeper, part))
}

/// Where a definition has its script uploaded.
pub fn uri_of(definition: &Json) -> Option<&str> {
    of(definition)?.1.get("uri")?.as_str()
}
