//! Listings, page by page. It keeps all of what it reads.

use flowform_provider_api::{BoxFuture, ProviderError};
use kube::api::ListParams;
use kube::core::ObjectList;

use crate::error::Doing;

/// How many objects a page has.
pub(crate) const PAGE: u32 = 500;

/// How often a listing is begun again because it took longer than the server keeps its state.
const TRIES: usize = 3;

/// Every object of a listing, and how many calls it took.
pub(crate) async fn all<'a, T: Clone>(
    doing: Doing<'_>,
    params: &ListParams,
    list: impl Fn(ListParams) -> BoxFuture<'a, Result<ObjectList<T>, kube::Error>>,
) -> Result<(Vec<T>, u64), ProviderError> {
    let mut calls = 0;
    let mut begun = 1;
    let mut found: Vec<T> = Vec::new();
    let mut token = None;
    loop {
        calls += 1;
        let params = ListParams { limit: Some(PAGE), continue_token: token.take(), ..params.clone() };
        match list(params).await {
            Ok(page) => {
                found.extend(page.items);
                token = page.metadata.continue_.filter(|token| !token.is_empty());
                if token.is_none() {
                    return Ok((found, calls));
                }
            }
            // The server has forgotten the state of the listing.
            Err(kube::Error::Api(status)) if status.code == 410 && begun < TRIES => {
                begun += 1;
                found.clear();
            }
            Err(error) => return Err(doing.failed(&error)),
        }
    }
}
