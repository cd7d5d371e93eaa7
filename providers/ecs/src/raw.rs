//! JSON documents through the SDK's client: the SDK finds the endpoint, signs, retries and reads errors, while the
//! document travels whole, fields that the SDK does not know included.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_ecs::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_ecs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ecs::error::BoxError;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

/// Sends this document in place of the typed one.
#[derive(Debug)]
pub(crate) struct Body(pub(crate) Vec<u8>);

impl Intercept for Body {
    fn name(&self) -> &'static str {
        "flowform-body"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        request.headers_mut().insert("content-length", self.0.len().to_string());
        *request.body_mut() = SdkBody::from(self.0.clone());
        Ok(())
    }
}

/// Keeps the answer's document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer(Arc<Mutex<Option<Value>>>);

impl Answer {
    /// The document of the call's answer.
    pub(crate) fn take(&self) -> Option<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Intercept for Answer {
    fn name(&self) -> &'static str {
        "flowform-answer"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let document = context.response().body().bytes().map(serde_json::from_slice).transpose()?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = document;
        Ok(())
    }
}
