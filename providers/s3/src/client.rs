//! IO: the calls to S3 that everything here is made of, each with its failures told. It keeps nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::ServerSideEncryption;
use flowform_provider_api::{ErrorKind, ProviderError};
use flowform_provider_aws::{Call, Connection, failure};
use tokio::sync::OnceCell;

use crate::settings::{Bucket, Encryption};

/// How often a read is begun again whose body broke off.
const READS: u32 = 3;

/// How often a conditional write is made that met another one under way, which S3 asks to repeat.
const RACES: u32 = 10;

/// The metadata by which a write is known again when its answer was lost.
const WRITE: &str = "flowform-write";

/// A bucket with a client that is made when it is first needed, and that buckets share which are reached alike.
pub(crate) struct Opened {
    pub(crate) bucket: Bucket,
    access: Arc<Access>,
}

struct Access {
    connection: Connection,
    client: OnceCell<Client>,
}

/// Under which condition an object is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum When<'a> {
    Always,
    Absent,
    Matches(&'a str),
}

/// How a write ended: its tag, or that its condition did not hold.
pub(crate) type Written = Option<String>;

/// What is said of an object.
pub(crate) struct Head {
    pub(crate) etag: String,
    /// Whether the tag may be the content's MD5: where KMS encrypts, it is not.
    pub(crate) is_hashed: bool,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// An object as it was read.
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: String,
}

impl Opened {
    pub(crate) fn new(bucket: Bucket) -> Self {
        let connection = Connection::new(bucket.connection.clone());
        Self { bucket, access: Arc::new(Access { connection, client: OnceCell::new() }) }
    }

    /// Another bucket that is reached in the same way.
    pub(crate) fn beside(&self, name: &str) -> Self {
        let bucket = Bucket { name: name.to_owned(), ..self.bucket.clone() };
        Self { bucket, access: Arc::clone(&self.access) }
    }

    async fn client(&self) -> Result<&Client, ProviderError> {
        self.access.client.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Client, ProviderError> {
        let shared = self.access.connection.config().await?;
        let mut config = aws_sdk_s3::config::Builder::from(shared);
        let foreign = self.bucket.endpoint.is_some() || shared.endpoint_url().is_some();
        if let Some(endpoint) = &self.bucket.endpoint {
            config = config.endpoint_url(endpoint);
        }
        if foreign {
            // Few compatible stores know the checksums that AWS has by default, nor host names for buckets.
            config = config
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        }
        Ok(Client::from_conf(config.force_path_style(self.bucket.path_style.unwrap_or(foreign)).build()))
    }

    fn call(&self, operation: &'static str, key: &str) -> Call {
        Call::new("s3", operation, format!("s3://{}/{key}", self.bucket.name))
    }

    /// The object, unless it is absent or larger than `most` bytes (`Invalid`).
    pub(crate) async fn get(&self, key: &str, most: Option<u64>) -> Result<Option<Content>, ProviderError> {
        // Without the second permission S3 refuses to tell that an object is absent.
        let call = self.call("GetObject", key).needs("s3:GetObject` and `s3:ListBucket");
        let client = self.client().await?;
        let mut tries = 0;
        loop {
            tries += 1;
            let asked = client.get_object().bucket(&self.bucket.name).key(key).send().await;
            let answer = match asked {
                Ok(answer) => answer,
                Err(error) if is_absent(&error) => return Ok(None),
                Err(error) => return Err(failure(&call, &error)),
            };
            let size = answer.content_length.and_then(|size| u64::try_from(size).ok());
            if let (Some(most), Some(size)) = (most, size)
                && size > most
            {
                let text =
                    format!("s3://{}/{key} has {size} bytes, and {most} are the most", self.bucket.name);
                return Err(ProviderError::new(ErrorKind::Invalid, text));
            }
            let etag = tag(answer.e_tag.as_deref(), &call)?;
            match answer.body.collect().await {
                Ok(body) => return Ok(Some(Content { bytes: body.to_vec(), etag })),
                Err(_) if tries < READS => {}
                Err(error) => {
                    return Err(ProviderError::new(
                        ErrorKind::Unavailable,
                        format!("the content of s3://{}/{key} broke off: {error}", self.bucket.name),
                    ));
                }
            }
        }
    }

    /// Writes the object under a condition. `nonce` is a random name of this write, which is found on the object
    /// when the answer to a first attempt was lost.
    pub(crate) async fn put(
        &self,
        key: &str,
        bytes: Vec<u8>,
        when: When<'_>,
        nonce: &str,
    ) -> Result<Written, ProviderError> {
        self.put_with(key, bytes, &BTreeMap::new(), when, nonce).await
    }

    /// The same, with more said of the object than its content.
    pub(crate) async fn put_with(
        &self,
        key: &str,
        bytes: Vec<u8>,
        metadata: &BTreeMap<String, String>,
        when: When<'_>,
        nonce: &str,
    ) -> Result<Written, ProviderError> {
        let call = self.call("PutObject", key);
        let client = self.client().await?;
        let mut races = 0;
        loop {
            let mut put = client
                .put_object()
                .bucket(&self.bucket.name)
                .key(key)
                .metadata(WRITE, nonce)
                .body(bytes.clone().into());
            for (name, value) in metadata {
                put = put.metadata(name, value);
            }
            put = match when {
                When::Always => put,
                When::Absent => put.if_none_match("*"),
                When::Matches(etag) => put.if_match(format!("\"{etag}\"")),
            };
            put = match &self.bucket.encryption {
                Encryption::Bucket => put,
                Encryption::S3 => put.server_side_encryption(ServerSideEncryption::Aes256),
                Encryption::Kms { key } => put
                    .server_side_encryption(ServerSideEncryption::AwsKms)
                    .bucket_key_enabled(true)
                    .set_ssekms_key_id(key.clone()),
            };
            let error = match put.send().await {
                Ok(answer) => return tag(answer.e_tag.as_deref(), &call).map(Some),
                Err(error) => error,
            };
            let conditional = !matches!(when, When::Always);
            match status(&error) {
                Some(412) if conditional => return self.ours(key, nonce).await,
                Some(404) if matches!(when, When::Matches(_)) && is_absent(&error) => return Ok(None),
                Some(409) if conditional && races < RACES => {
                    races += 1;
                    tokio::time::sleep(Duration::from_millis(20 * u64::from(races))).await;
                }
                _ => return Err(failure(&call, &error)),
            }
        }
    }

    /// A condition did not hold: perhaps because an attempt whose answer was lost had met it.
    async fn ours(&self, key: &str, nonce: &str) -> Result<Written, ProviderError> {
        let found = self.head(key).await?;
        let ours = found.filter(|found| found.metadata.get(WRITE).is_some_and(|it| it == nonce));
        Ok(ours.map(|found| found.etag))
    }

    /// What is said of the object; `None` when it is absent.
    pub(crate) async fn head(&self, key: &str) -> Result<Option<Head>, ProviderError> {
        let call = self.call("HeadObject", key).needs("s3:GetObject` and `s3:ListBucket");
        let asked = self.client().await?.head_object().bucket(&self.bucket.name).key(key).send().await;
        match asked {
            Ok(found) => Ok(Some(Head {
                etag: tag(found.e_tag.as_deref(), &call)?,
                is_hashed: !matches!(
                    found.server_side_encryption,
                    Some(ServerSideEncryption::AwsKms | ServerSideEncryption::AwsKmsDsse)
                ),
                metadata: found.metadata.unwrap_or_default().into_iter().collect(),
            })),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(failure(&call, &error)),
        }
    }

    /// Removes the object; an absent one is success.
    pub(crate) async fn delete(&self, key: &str) -> Result<(), ProviderError> {
        let call = self.call("DeleteObject", key);
        let asked = self.client().await?.delete_object().bucket(&self.bucket.name).key(key).send().await;
        match asked {
            Ok(_) => Ok(()),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(failure(&call, &error)),
        }
    }

    /// The keys below `prefix` that are greater than `after`, each with its tag, in the service's order.
    pub(crate) async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Vec<(String, String)>, ProviderError> {
        let call = self.call("ListObjectsV2", prefix).needs("s3:ListBucket");
        let client = self.client().await?;
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = client
                .list_objects_v2()
                .bucket(&self.bucket.name)
                .prefix(prefix)
                .set_start_after(after.map(str::to_owned))
                .set_continuation_token(token.clone())
                .send()
                .await
                .map_err(|error| failure(&call, &error))?;
            for object in page.contents.unwrap_or_default() {
                if let (Some(key), Some(etag)) = (object.key, object.e_tag) {
                    found.push((key, unquoted(&etag)));
                }
            }
            match page.next_continuation_token {
                // A page that leads to itself would never end.
                Some(next) if page.is_truncated == Some(true) && token.as_ref() != Some(&next) => {
                    token = Some(next);
                }
                _ => return Ok(found),
            }
        }
    }
}

fn tag(etag: Option<&str>, call: &Call) -> Result<String, ProviderError> {
    etag.map(unquoted).ok_or_else(|| {
        ProviderError::new(
            ErrorKind::Internal,
            format!("the answer to {} for {} has no ETag: the endpoint is no S3", call.operation, call.about),
        )
    })
}

fn unquoted(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|answer| answer.status().as_u16())
}

/// Whether the object is absent, and not the bucket.
fn is_absent<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    status(error) == Some(404) && code != Some("NoSuchBucket")
}
