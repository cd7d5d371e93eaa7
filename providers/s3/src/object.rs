//! Single objects that a configuration names: scripts, templates, states of other tools. Any key that S3 has is one.

use flowform_provider_api::{ErrorKind, ProviderError};

use crate::client::{Opened, When};
use crate::settings::Bucket;

/// An object's place.
#[derive(Clone, Debug)]
pub struct Place {
    /// The bucket.
    pub bucket: Bucket,
    /// The key.
    pub key: String,
}

/// The object's content; `None` when it is absent.
///
/// # Errors
/// It cannot be read; `Invalid` when it has more than `most` bytes.
pub async fn read(place: &Place, most: u64) -> Result<Option<Vec<u8>>, ProviderError> {
    let opened = Opened::new(place.bucket.clone());
    Ok(opened.get(&place.key, Some(most)).await?.map(|found| found.bytes))
}

/// Writes the object, whatever was there; `nonce` is a random name of this write.
///
/// # Errors
/// It cannot be written, or it is not known whether it was (`Unavailable`).
pub async fn write(place: &Place, bytes: Vec<u8>, nonce: &str) -> Result<(), ProviderError> {
    let opened = Opened::new(place.bucket.clone());
    match opened.put(&place.key, bytes, When::Always, nonce).await? {
        Some(_) => Ok(()),
        None => Err(ProviderError::new(ErrorKind::Internal, "a write without a condition was refused")),
    }
}

/// Removes the object; an absent one is success.
///
/// # Errors
/// It cannot be removed.
pub async fn remove(place: &Place) -> Result<(), ProviderError> {
    Opened::new(place.bucket.clone()).delete(&place.key).await
}
