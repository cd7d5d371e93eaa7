//! Who may ask: the token endpoints that Google's libraries know, and the tokens that they gave. Each is as strict as its page
//! says: RFC 6749 (refresh tokens), RFC 8693 (workload identity federation), "generateAccessToken", "About VM metadata", and
//! "Self-signed JWTs" of AIP-4111.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::objects::{Reply, Request, problem};
use crate::storage::{REFRESH, pairs};

/// The audience of the workload identity pool.
pub const AUDIENCE: &str =
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/ci";
/// The token of the identity provider outside.
pub const SUBJECT_TOKEN: &str = "subject-token-of-the-test";
/// The service account that may be impersonated.
pub const ACCOUNT: &str = "flows@p-1.iam.gserviceaccount.com";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const IAM_SCOPE: &str = "https://www.googleapis.com/auth/iam";

/// The tokens that were given, the keys that sign some, and what was asked for.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    given: Vec<String>,
    /// By e-mail address, public keys (PKCS #1).
    pub(crate) keys: BTreeMap<String, Vec<u8>>,
    /// The kinds of exchanges so far.
    pub(crate) told: Vec<&'static str>,
}

/// What of a request's head matters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    pub(crate) authorization: Option<&'a str>,
    pub(crate) flavor: Option<&'a str>,
}

impl Tokens {
    /// Whether whoever shows this may ask.
    pub(crate) fn knows(&mut self, authorization: Option<&str>) -> bool {
        let Some(token) = authorization.and_then(|text| text.strip_prefix("Bearer ")) else { return false };
        self.given.iter().any(|known| known == token) || self.is_self_signed(token)
    }

    /// The answer of a token endpoint; `None` where the path is none.
    pub(crate) fn answer(&mut self, request: &Request, head: Head<'_>) -> Option<Reply> {
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        match (&*request.method, &*path) {
            ("POST", ["token"]) => Some(self.refresh(request)),
            ("POST", ["sts", "v1", "token"]) => Some(self.federate(request)),
            ("POST", ["v1", "projects", "-", "serviceAccounts", asked]) => {
                Some(self.impersonate(asked, request, head))
            }
            ("GET", ["computeMetadata", "v1", rest @ ..]) => Some(self.metadata(rest, head)),
            _ => None,
        }
    }

    fn give(&mut self, kind: &'static str) -> String {
        self.told.push(kind);
        let token = format!("token-{}", self.given.len());
        self.given.push(token.clone());
        token
    }

    fn refresh(&mut self, request: &Request) -> Reply {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        // Google's libraries send JSON here or a form; both are taken.
        let given = serde_json::from_str::<Value>(&text).unwrap_or_else(|_| form(&text));
        if given["grant_type"] != "refresh_token" || given["refresh_token"] != REFRESH {
            return problem(400, "invalid_grant", "Bad Request");
        }
        access(&self.give("refresh"))
    }

    fn federate(&mut self, request: &Request) -> Reply {
        let given = form(&String::from_utf8_lossy(&request.body));
        for (name, wanted) in [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("audience", AUDIENCE),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            ("subject_token", SUBJECT_TOKEN),
        ] {
            if given[name] != wanted {
                return problem(400, "invalid_request", &format!("Invalid value for {name:?}."));
            }
        }
        // Whoever goes on to impersonate asks for no more than that.
        if !given["scope"]
            .as_str()
            .is_some_and(|scope| scope.split(' ').any(|one| [SCOPE, IAM_SCOPE].contains(&one)))
        {
            return problem(400, "invalid_scope", "The scope is missing.");
        }
        let token = self.give("federation");
        let issued = "urn:ietf:params:oauth:token-type:access_token";
        document(&json!({
            "access_token": token, "issued_token_type": issued, "token_type": "Bearer", "expires_in": 3600,
        }))
    }

    fn impersonate(&mut self, asked: &str, request: &Request, head: Head<'_>) -> Reply {
        if !self.knows(head.authorization) {
            return problem(401, "authError", "Request had invalid authentication credentials.");
        }
        if asked != format!("{ACCOUNT}:generateAccessToken") {
            return problem(
                403,
                "forbidden",
                "Permission 'iam.serviceAccounts.getAccessToken' denied on resource.",
            );
        }
        let given: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if given["scope"] != json!([SCOPE]) {
            return problem(400, "invalid", "The scope is missing.");
        }
        let token = self.give("impersonation");
        document(&json!({"accessToken": token, "expireTime": "2100-01-01T00:00:00Z"}))
    }

    fn metadata(&mut self, path: &[&str], head: Head<'_>) -> Reply {
        if head.flavor != Some("Google") {
            return problem(403, "forbidden", "Missing Metadata-Flavor:Google header.");
        }
        let mut reply = match path {
            ["instance", "service-accounts", "default", "token"] => access(&self.give("metadata")),
            _ => problem(404, "notFound", "Not Found"),
        };
        reply.headers.push(("metadata-flavor", "Google".into()));
        reply
    }

    /// Whether a token is a JWT that one of the keys signed, for now and for the scope.
    fn is_self_signed(&mut self, token: &str) -> bool {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else { return false };
        let decoded = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
            serde_json::from_slice::<Value>(&bytes).ok()
        };
        let (Some(head), Some(body)) = (decoded(header), decoded(claims)) else { return false };
        let Some(key) = body["iss"].as_str().and_then(|email| self.keys.get(email)) else { return false };
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let time = |name: &str| body[name].as_u64().unwrap_or_default();
        let is_valid = head["alg"] == "RS256"
            && body["sub"] == body["iss"]
            && body["scope"] == SCOPE
            && body["aud"].is_null()
            && time("iat") <= now
            && time("exp") > now
            && time("exp") - time("iat") <= 3700
            && key.verify(format!("{header}.{claims}").as_bytes(), &signature).is_ok();
        if is_valid && !self.told.contains(&"key") {
            self.told.push("key");
        }
        is_valid
    }
}

fn access(token: &str) -> Reply {
    document(&json!({"access_token": token, "expires_in": 3600, "token_type": "Bearer"}))
}

fn document(body: &Value) -> Reply {
    Reply {
        status: 200,
        headers: vec![("content-type", "application/json".into())],
        body: body.to_string().into_bytes(),
    }
}

fn form(text: &str) -> Value {
    pairs(text)
        .into_iter()
        .map(|(name, value)| (name, json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
