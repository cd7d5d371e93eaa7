//! IO: single questions to services of which no SDK is built in - IAM, EC2, CloudWatch Logs, ECR. A request is signed, sent
//! over the SDK's HTTP stack, and repeated where the service asks for that. It changes nothing in any account.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Connector, proxy::ProxyConfig};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use flowform_provider_api::{ErrorKind, ProviderError};

use crate::Connection;
use crate::error::{Call, Refusal, refused};

/// How often a question is asked at most.
const ATTEMPTS: u32 = 3;

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(30);

/// A question to a service.
#[derive(Clone, Debug)]
pub struct Question {
    /// What it is called when it fails.
    pub call: Call,
    /// The service's id, by which endpoints are configured (`IAM`, `CloudWatch Logs`).
    pub service_id: &'static str,
    /// The service's name in signatures (`iam`, `logs`).
    pub signs_as: &'static str,
    /// Where it is asked unless the configuration says another place: a host's name.
    pub host: String,
    /// The region that it is signed for.
    pub region: String,
    /// What is asked.
    pub body: Query,
}

/// The two forms of questions.
#[derive(Clone, Debug)]
pub enum Query {
    /// Parameters of a form; the answer is XML.
    Form(Vec<(String, String)>),
    /// The name of an operation with JSON; the answer is JSON.
    Json(String, String),
}

/// Why a question has no answer.
#[derive(Clone, Debug)]
pub struct Unanswered {
    /// The service's code, if it answered (`NoSuchEntity`).
    pub code: String,
    /// What happened.
    pub error: ProviderError,
}

impl From<ProviderError> for Unanswered {
    fn from(error: ProviderError) -> Self {
        Self { code: String::new(), error }
    }
}

/// Asks.
///
/// # Errors
/// There are no credentials, the service cannot be reached, or it refuses.
pub async fn ask(connection: &Connection, question: &Question) -> Result<String, Unanswered> {
    let config = connection.config().await?;
    let mut attempt = 1;
    loop {
        let unanswered = match once(config, question).await {
            Ok(text) => return Ok(text),
            Err(unanswered) => unanswered,
        };
        let again = matches!(unanswered.error.kind, ErrorKind::Throttled | ErrorKind::Unavailable);
        if !again || attempt == ATTEMPTS {
            return Err(unanswered);
        }
        tokio::time::sleep(Duration::from_millis(200 << attempt)).await;
        attempt += 1;
    }
}

async fn once(config: &SdkConfig, question: &Question) -> Result<String, Unanswered> {
    let request = signed(config, question).await?;
    let connector = Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .proxy_config(ProxyConfig::from_env())
        .build();
    let said = format!("{} for {}", question.call.action, question.call.about);
    let unreachable = |why: String| {
        let text = format!(
            "{said} has not reached the service ({why}): check the endpoint, the region, the network and the proxy"
        );
        Unanswered::from(ProviderError::new(ErrorKind::Unavailable, text))
    };
    let answer = tokio::time::timeout(ATTEMPT, async {
        let answer = connector.call(request).await.map_err(|error| format!("{error:?}"))?;
        let status = answer.status().as_u16();
        let body = collected(answer.into_body()).await?;
        Ok::<_, String>((status, String::from_utf8_lossy(&body).into_owned()))
    });
    let (status, text) = match answer.await {
        Ok(Ok(answer)) => answer,
        Ok(Err(why)) => return Err(unreachable(why)),
        Err(_) => return Err(unreachable("it does not answer in time".to_owned())),
    };
    if (200..300).contains(&status) {
        return Ok(text);
    }
    let (code, message) = match &question.body {
        Query::Form(_) => {
            let found =
                ["Errors/Error", "Error"].into_iter().find_map(|path| items(&text, path).into_iter().next());
            let mut found = found.unwrap_or_default();
            let mut take = |name: &str| found.remove(name).unwrap_or_default();
            (take("Code"), take("Message"))
        }
        Query::Json(..) => json_error(&text),
    };
    let refusal = Refusal { status, code: &code, message: &message, region: None };
    let error = refused(&question.call, &refusal);
    Err(Unanswered { code, error })
}

async fn collected(body: SdkBody) -> Result<Vec<u8>, String> {
    let stream = aws_smithy_types::byte_stream::ByteStream::new(body);
    stream.collect().await.map(|bytes| bytes.to_vec()).map_err(|error| error.to_string())
}

/// Where the service is: as the environment or the profile says, else its own host.
fn endpoint(config: &SdkConfig, question: &Question) -> String {
    let key = ServiceConfigKey::builder()
        .service_id(question.service_id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let of_service = key.ok().and_then(|key| config.service_config()?.load_config(key));
    let given = of_service.or_else(|| config.endpoint_url().map(str::to_owned));
    given.unwrap_or_else(|| format!("https://{}", question.host))
}

async fn signed(config: &SdkConfig, question: &Question) -> Result<HttpRequest, ProviderError> {
    let said = format!("{} for {}", question.call.action, question.call.about);
    let unsigned =
        |why: String| ProviderError::new(ErrorKind::Internal, format!("{said} cannot be signed: {why}"));
    let provider = config.credentials_provider().ok_or_else(|| {
        ProviderError::new(ErrorKind::Denied, format!("{said} needs credentials, and there are none"))
    })?;
    let credentials = provider.provide_credentials().await.map_err(|error| {
        ProviderError::new(
            ErrorKind::Denied,
            format!("{said} needs credentials, and they cannot be had: {error}"),
        )
    })?;
    let (kind, target, body) = match &question.body {
        Query::Form(parameters) => ("application/x-www-form-urlencoded", None, form(parameters)),
        Query::Json(target, body) => ("application/x-amz-json-1.1", Some(target.as_str()), body.clone()),
    };
    let url = format!("{}/", endpoint(config, question).trim_end_matches('/'));
    let mut headers = vec![("content-type", kind)];
    headers.extend(target.map(|target| ("x-amz-target", target)));
    let identity = credentials.into();
    let time = config.time_source().map(|source| source.now());
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&question.region)
        .name(question.signs_as)
        .time(time.ok_or_else(|| unsigned("the configuration has no clock".to_owned()))?)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| unsigned(error.to_string()))?
        .into();
    let signable =
        SignableRequest::new("POST", &url, headers.iter().copied(), SignableBody::Bytes(body.as_bytes()))
            .map_err(|error| unsigned(error.to_string()))?;
    let (instructions, _) =
        sign(signable, &params).map_err(|error| unsigned(error.to_string()))?.into_parts();
    let mut request = HttpRequest::new(SdkBody::from(body.clone()));
    request.set_method("POST").map_err(|error| unsigned(error.to_string()))?;
    request.set_uri(url.as_str()).map_err(|error| unsigned(error.to_string()))?;
    for (name, value) in headers {
        request.headers_mut().insert(name, value.to_owned());
    }
    for (name, value) in instructions.headers() {
        request.headers_mut().insert(name.to_owned(), value.to_owned());
    }
    Ok(request)
}

/// As forms are written: everything but letters, digits and `-._~` is percent-encoded.
fn form(parameters: &[(String, String)]) -> String {
    const KEPT: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let encoded = |text: &str| percent_encoding::utf8_percent_encode(text, &KEPT).to_string();
    let pairs = parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn json_error(text: &str) -> (String, String) {
    let answer: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let field = |name: &str| answer.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let code = field("__type").rsplit('#').next().unwrap_or_default();
    let message = if field("message").is_empty() { field("Message") } else { field("message") };
    (code.to_owned(), message.to_owned())
}

/// The elements of an XML document at a path below its root (`subnetSet/item`), each with the texts of its own elements. What
/// is no XML has none.
pub fn items(xml: &str, path: &str) -> Vec<BTreeMap<String, String>> {
    let mut wanted: Vec<&str> = vec![""];
    wanted.extend(path.split('/'));
    let mut found: Vec<BTreeMap<String, String>> = Vec::new();
    // The names of the open elements, and the text of the innermost.
    let (mut open, mut text): (Vec<String>, String) = (Vec::new(), String::new());
    let is_at = |open: &[String], deeper: usize| {
        open.len() == wanted.len() + deeper
            && wanted.iter().zip(open).skip(1).all(|(wanted, found)| wanted == found)
    };
    for token in xmlparser::Tokenizer::from(xml) {
        use xmlparser::{ElementEnd, Token};
        match token {
            Ok(Token::ElementStart { local, .. }) => {
                open.push(local.as_str().to_owned());
                text.clear();
                if is_at(&open, 0) {
                    found.push(BTreeMap::new());
                }
            }
            Ok(Token::Text { text: more }) => text.push_str(&unescaped(more.as_str())),
            Ok(Token::Cdata { text: more, .. }) => text.push_str(more.as_str()),
            Ok(Token::ElementEnd { end: ElementEnd::Open, .. }) => {}
            Ok(Token::ElementEnd { .. }) => {
                if is_at(&open, 1)
                    && let (Some(item), Some(name)) = (found.last_mut(), open.last())
                {
                    item.entry(name.clone()).or_insert_with(|| text.trim().to_owned());
                }
                open.pop();
                text.clear();
            }
            Ok(_) => {}
            Err(_) => return found,
        }
    }
    found
}

fn unescaped(text: &str) -> String {
    let plain =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#34;", "\""), ("&#39;", "'")];
    let text = plain.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_their_path() {
        let xml = "<?xml version=\"1.0\"?><R xmlns=\"x\"><set><item><id>a</id><more><id>z</id></more><n> 1 </n></item>\
                   <item><id>b&amp;&lt;</id><empty/></item></set><item><id>c</id></item></R>";
        let found = items(xml, "set/item");
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((&*found[0]["id"], &*found[0]["n"]), ("a", "1"));
        assert_eq!((&*found[1]["id"], &*found[1]["empty"]), ("b&<", ""));
        assert_eq!(items(xml, "item")[0]["id"], "c");
        for broken in ["", "no xml", "<R><set>", "<R><set><item><id>a", "{}"] {
            assert!(items(broken, "set/item").iter().all(BTreeMap::is_empty), "{broken}");
        }
    }

    #[test]
    fn parameters_are_encoded() {
        let given = [("A".to_owned(), "x y".to_owned()), ("B.1".to_owned(), "ü&=".to_owned())];
        assert_eq!(form(&given), "A=x%20y&B.1=%C3%BC%26%3D");
    }
}
