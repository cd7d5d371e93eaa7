//! The buckets of the storage server: what a request means and what it is answered. It knows no sockets and no clock but
//! what it is handed.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

/// A request, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The parts of the path, unescaped.
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Object {
    bytes: Vec<u8>,
    generation: u64,
    content_type: String,
}

/// All buckets.
#[derive(Debug)]
pub(crate) struct Buckets {
    buckets: BTreeMap<String, BTreeMap<String, Object>>,
    changed: HashMap<(String, String), Instant>,
    next: u64,
    between_writes: Duration,
    page: usize,
}

/// The most rows of a page, whatever is asked for.
const MOST: usize = 1000;

impl Buckets {
    pub(crate) fn new(buckets: &[String], between_writes: Duration, page: usize) -> Self {
        Self {
            buckets: buckets.iter().map(|bucket| (bucket.clone(), BTreeMap::new())).collect(),
            changed: HashMap::new(),
            next: 1_763_700_000_000_000,
            between_writes,
            page: page.min(MOST),
        }
    }

    pub(crate) fn names(&self, bucket: &str) -> Vec<String> {
        self.buckets.get(bucket).map(|objects| objects.keys().cloned().collect()).unwrap_or_default()
    }

    pub(crate) fn content(&self, bucket: &str, name: &str) -> Option<Vec<u8>> {
        self.buckets.get(bucket)?.get(name).map(|object| object.bytes.clone())
    }

    /// Writes as another client would, without any limit.
    pub(crate) fn remove(&mut self, bucket: &str, name: &str) {
        if let Some(objects) = self.buckets.get_mut(bucket) {
            objects.remove(name);
        }
    }

    pub(crate) fn set(&mut self, bucket: &str, name: &str, bytes: Vec<u8>) {
        self.next += 1;
        let object = Object { bytes, generation: self.next, content_type: "application/json".into() };
        self.buckets.entry(bucket.to_owned()).or_default().insert(name.to_owned(), object);
    }

    /// What whoever asks must be allowed (Cloud Storage, "IAM permissions for JSON methods").
    pub(crate) fn permissions(&self, request: &Request) -> Vec<&'static str> {
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        match (&*request.method, &*path) {
            ("POST", ["upload", "storage", "v1", "b", bucket, "o"]) => {
                let objects = self.buckets.get(*bucket);
                let name = parameter(request, "name").unwrap_or_default();
                match objects.is_some_and(|objects| objects.contains_key(name)) {
                    // What is there is deleted by the write, if it comes to one.
                    true if parameter(request, "ifGenerationMatch") != Some("0") => {
                        vec!["storage.objects.create", "storage.objects.delete"]
                    }
                    _ => vec!["storage.objects.create"],
                }
            }
            ("GET", ["storage", "v1", "b", _, "o"]) => vec!["storage.objects.list"],
            ("GET", ["storage", "v1", "b", _, "o", _]) => vec!["storage.objects.get"],
            ("DELETE", ["storage", "v1", "b", _, "o", _]) => vec!["storage.objects.delete"],
            _ => Vec::new(),
        }
    }

    pub(crate) fn answer(&mut self, request: &Request, now: Instant) -> Reply {
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        match (&*request.method, &*path) {
            ("POST", ["upload", "storage", "v1", "b", bucket, "o"]) => self.insert(bucket, request, now),
            ("GET", ["storage", "v1", "b", bucket, "o"]) => self.list(bucket, request),
            ("GET", ["storage", "v1", "b", bucket, "o", name]) => self.get(bucket, name, request),
            ("DELETE", ["storage", "v1", "b", bucket, "o", name]) => self.delete(bucket, name, request, now),
            _ => problem(404, "notFound", "Not Found"),
        }
    }

    fn insert(&mut self, bucket: &str, request: &Request, now: Instant) -> Reply {
        let known = ["uploadType", "name", "ifGenerationMatch", "fields"];
        if let Some(refused) = unknown_parameter(request, &known) {
            return refused;
        }
        if parameter(request, "uploadType") != Some("media") {
            return problem(400, "invalid", "Invalid upload type");
        }
        let Some(content_type) = request.content_type.clone() else {
            return problem(400, "required", "Content-Type is required for a media upload");
        };
        let Some(name) = parameter(request, "name").filter(|name| is_name(name)) else {
            return problem(400, "invalid", "Invalid object name");
        };
        let Some(objects) = self.buckets.get(bucket) else { return no_bucket() };
        let found = objects.get(name).map_or(0, |object| object.generation);
        if let Some(refused) = precondition(request, found) {
            return refused;
        }
        if let Some(refused) = self.limit(bucket, name, now) {
            return refused;
        }
        self.next += 1;
        let object = Object { bytes: request.body.clone(), generation: self.next, content_type };
        let resource = resource(bucket, name, &object);
        self.buckets.entry(bucket.to_owned()).or_default().insert(name.to_owned(), object);
        masked(resource, parameter(request, "fields"))
    }

    fn get(&self, bucket: &str, name: &str, request: &Request) -> Reply {
        if let Some(refused) = unknown_parameter(request, &["alt", "fields", "ifGenerationMatch"]) {
            return refused;
        }
        let is_media = parameter(request, "alt") == Some("media");
        let Some(objects) = self.buckets.get(bucket) else { return no_bucket() };
        let Some(object) = objects.get(name) else { return no_object(bucket, name, is_media) };
        if let Some(refused) = precondition(request, object.generation) {
            return refused;
        }
        if !is_media {
            return masked(resource(bucket, name, object), parameter(request, "fields"));
        }
        Reply {
            status: 200,
            headers: vec![
                ("content-type", object.content_type.clone()),
                ("x-goog-generation", object.generation.to_string()),
                ("x-goog-metageneration", "1".into()),
            ],
            body: object.bytes.clone(),
        }
    }

    fn delete(&mut self, bucket: &str, name: &str, request: &Request, now: Instant) -> Reply {
        if let Some(refused) = unknown_parameter(request, &["ifGenerationMatch"]) {
            return refused;
        }
        let Some(objects) = self.buckets.get(bucket) else { return no_bucket() };
        let Some(object) = objects.get(name) else { return no_object(bucket, name, false) };
        if let Some(refused) = precondition(request, object.generation) {
            return refused;
        }
        if let Some(refused) = self.limit(bucket, name, now) {
            return refused;
        }
        self.buckets.entry(bucket.to_owned()).or_default().remove(name);
        Reply { status: 204, headers: Vec::new(), body: Vec::new() }
    }

    fn list(&self, bucket: &str, request: &Request) -> Reply {
        let known = ["prefix", "startOffset", "pageToken", "maxResults", "fields"];
        if let Some(refused) = unknown_parameter(request, &known) {
            return refused;
        }
        let Some(objects) = self.buckets.get(bucket) else { return no_bucket() };
        let most = match parameter(request, "maxResults").map(str::parse::<usize>) {
            None => self.page,
            Some(Ok(most)) if most > 0 => most.min(self.page),
            Some(_) => return problem(400, "invalidParameter", "Invalid value for maxResults"),
        };
        let prefix = parameter(request, "prefix").unwrap_or_default();
        let start = parameter(request, "startOffset").unwrap_or_default();
        // A token is good for the listing that it came from alone.
        let series = format!("{prefix}\n{start}\n");
        let after = match parameter(request, "pageToken") {
            None => None,
            Some(token) => match token.strip_prefix(&series) {
                Some(after) => Some(after),
                None => return problem(400, "invalid", "Invalid pageToken"),
            },
        };
        let mut rows = objects.iter().filter(|(name, _)| {
            name.starts_with(prefix) && &***name >= start && after.is_none_or(|after| &***name > after)
        });
        let items: Vec<(&String, &Object)> = rows.by_ref().take(most).collect();
        let mut page = Map::new();
        page.insert("kind".into(), json!("storage#objects"));
        if let (Some((last, _)), true) = (items.last(), rows.next().is_some()) {
            page.insert("nextPageToken".into(), json!(format!("{series}{last}")));
        }
        if !items.is_empty() {
            let items: Vec<Value> =
                items.iter().map(|(name, object)| resource(bucket, name, object)).collect();
            page.insert("items".into(), Value::Array(items));
        }
        masked(Value::Object(page), parameter(request, "fields"))
    }

    /// One change a second of each name.
    fn limit(&mut self, bucket: &str, name: &str, now: Instant) -> Option<Reply> {
        let changed = self.changed.get(&(bucket.to_owned(), name.to_owned()));
        if changed.is_some_and(|at| now.duration_since(*at) < self.between_writes) {
            let message = format!(
                "The object {bucket}/{name} exceeded the rate limit for object mutation operations (create, update, and \
                 delete). Please reduce your request rate."
            );
            return Some(problem(429, "rateLimitExceeded", &message));
        }
        self.changed.insert((bucket.to_owned(), name.to_owned()), now);
        None
    }
}

fn parameter<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

fn unknown_parameter(request: &Request, known: &[&str]) -> Option<Reply> {
    let unknown = request.query.iter().find(|(name, _)| !known.contains(&name.as_str()));
    unknown.map(|(name, _)| problem(400, "invalidParameter", &format!("Unknown parameter: {name}")))
}

/// 0 is the generation of what does not exist.
fn precondition(request: &Request, found: u64) -> Option<Reply> {
    match parameter(request, "ifGenerationMatch")?.parse::<u64>() {
        Err(_) => Some(problem(400, "invalidParameter", "Invalid value for ifGenerationMatch")),
        Ok(wanted) if wanted == found => None,
        Ok(_) => Some(problem(
            412,
            "conditionNotMet",
            "At least one of the pre-conditions you specified did not hold.",
        )),
    }
}

/// Cloud Storage, "Object naming requirements".
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 1024 && !name.contains(['\r', '\n']) && !matches!(name, "." | "..")
}

fn resource(bucket: &str, name: &str, object: &Object) -> Value {
    json!({
        "kind": "storage#object",
        "id": format!("{bucket}/{name}/{}", object.generation),
        "name": name,
        "bucket": bucket,
        "generation": object.generation.to_string(),
        "metageneration": "1",
        "contentType": object.content_type,
        "size": object.bytes.len().to_string(),
    })
}

/// What a field mask such as `items(name,generation),nextPageToken` leaves.
fn masked(value: Value, mask: Option<&str>) -> Reply {
    let value = match mask {
        None => value,
        Some(mask) => match select(&value, mask) {
            Some(value) => value,
            None => return problem(400, "invalidParameter", &format!("Invalid field selection {mask}")),
        },
    };
    Reply {
        status: 200,
        headers: vec![("content-type", "application/json; charset=UTF-8".into())],
        body: value.to_string().into_bytes(),
    }
}

fn select(value: &Value, mask: &str) -> Option<Value> {
    let known = ["items", "nextPageToken", "kind", "name", "generation", "size", "id", "bucket"];
    let mut out = Map::new();
    let mut rest = mask;
    while !rest.is_empty() {
        let end = rest.find([',', '(']).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        if !known.contains(&name) {
            return None;
        }
        let inner = match tail.strip_prefix('(') {
            Some(tail) => {
                let (inner, tail) = tail.split_once(')')?;
                rest = tail;
                Some(inner)
            }
            None => {
                rest = tail;
                None
            }
        };
        rest = rest.strip_prefix(',').unwrap_or(rest);
        let Some(found) = value.get(name) else { continue };
        let found = match (inner, found) {
            (Some(inner), Value::Array(items)) => {
                Value::Array(items.iter().map(|item| select(item, inner)).collect::<Option<_>>()?)
            }
            (Some(inner), found) => select(found, inner)?,
            (None, found) => found.clone(),
        };
        out.insert(name.to_owned(), found);
    }
    Some(Value::Object(out))
}

fn no_bucket() -> Reply {
    problem(404, "notFound", "The specified bucket does not exist.")
}

fn no_object(bucket: &str, name: &str, is_media: bool) -> Reply {
    let message = format!("No such object: {bucket}/{name}");
    match is_media {
        false => problem(404, "notFound", &message),
        true => Reply {
            status: 404,
            headers: vec![("content-type", "text/html; charset=UTF-8".into())],
            body: message.into_bytes(),
        },
    }
}

/// A refusal in the form of Google's JSON APIs.
pub(crate) fn problem(status: u16, reason: &str, message: &str) -> Reply {
    let error = json!({"message": message, "domain": "global", "reason": reason});
    Reply {
        status,
        headers: vec![("content-type", "application/json; charset=UTF-8".into())],
        body: json!({"error": {"code": status, "message": message, "errors": [error]}})
            .to_string()
            .into_bytes(),
    }
}
