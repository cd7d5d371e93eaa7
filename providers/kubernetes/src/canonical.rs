//! The one form of a Job template in which equal meanings are equal: fields at the values that the API server gives them
//! anyway, empty against absent, amounts in one spelling, named lists by name. Pure; it checks nothing.
//!
//! What the server does to pods alone, and not to templates, is left: requests from limits, service links. So is the
//! copying of a template's labels to a Job without any, as a run adds labels to both.

use flowform_provider_api::{ArtifactType, Quantity};
use serde_json::{Map, Value, json};

use crate::{names, object};

/// `job_template`: a Kubernetes Job, whoever keeps it.
#[derive(Clone, Copy, Debug)]
pub struct JobTemplateType;

/// The kind of artifact that is a Job template.
pub static JOB_TEMPLATE: JobTemplateType = JobTemplateType;

impl ArtifactType for JobTemplateType {
    fn kind(&self) -> &'static str {
        "job_template"
    }

    fn refused(&self, body: &Value) -> Option<String> {
        object::too_large(body)
    }

    fn canonical(&self, body: &Value) -> Value {
        let mut body = body.clone();
        drop_empty(&mut body);
        if let Some(job) = field(&mut body, "job") {
            canonical_job(job);
            drop_empty(job);
        }
        body
    }
}

/// What the API server says about an object, and no user.
const OF_THE_SERVER: [&str; 7] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "managedFields",
    "selfLink",
];

/// Fields whose emptiness says something: volume sources, selectors that select everything, and whatever holds values of
/// the user.
fn empty_means_something(name: &str) -> bool {
    name.ends_with("Selector") && name != "nodeSelector"
        || matches!(
            name,
            "emptyDir"
                | "ephemeral"
                | "configMap"
                | "secret"
                | "downwardAPI"
                | "projected"
                | "podAffinityTerm"
        )
}

/// Null is absent everywhere; an empty map or list is, where its emptiness says nothing. A whole number has one spelling.
fn drop_empty(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| {
                drop_empty(value);
                let empty = match value {
                    Value::Null => true,
                    Value::Object(fields) => fields.is_empty() && !empty_means_something(name),
                    Value::Array(items) => items.is_empty(),
                    Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
                };
                !empty
            });
        }
        Value::Array(items) => items.iter_mut().for_each(drop_empty),
        Value::Number(number) => {
            // Below 2^53 every whole double is exact.
            let whole = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0);
            if let Some(whole) = whole.filter(|whole| whole.abs() < 9_007_199_254_740_992.0) {
                *value = json!(whole as i64);
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn canonical_job(job: &mut Value) {
    if let Some(fields) = job.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = field(job, "metadata") {
        canonical_metadata(metadata);
    }
    let Some(spec) = field(job, "spec") else { return };
    if let Some(fields) = spec.as_object_mut() {
        let one = json!(1);
        // Completions alone run one after the other; both at one are the default. Parallelism alone says something else.
        if fields.contains_key("completions") && fields.get("parallelism").is_none_or(|found| *found == one) {
            fields.remove("parallelism");
            default(fields, "completions", &one);
        }
        let by_index = fields.contains_key("backoffLimitPerIndex");
        default(fields, "backoffLimit", &if by_index { json!(i32::MAX) } else { json!(6) });
        let on_failure = fields.contains_key("podFailurePolicy");
        let replaced = if on_failure { "Failed" } else { "TerminatingOrFailed" };
        default(fields, "podReplacementPolicy", &json!(replaced));
        default(fields, "completionMode", &json!("NonIndexed"));
        default(fields, "suspend", &json!(false));
        default(fields, "manualSelector", &json!(false));
    }
    for rule in list(path(spec, &["podFailurePolicy", "rules"])) {
        for condition in list(field(rule, "onPodConditions")) {
            default_of(condition, "status", &json!("True"));
        }
    }
    if let Some(pod) = path(spec, &["template", "spec"]) {
        canonical_pod(pod);
    }
    if let Some(metadata) = path(spec, &["template", "metadata"]) {
        canonical_metadata(metadata);
    }
}

fn canonical_metadata(metadata: &mut Value) {
    if let Some(fields) = metadata.as_object_mut() {
        OF_THE_SERVER.iter().for_each(|name| drop(fields.remove(*name)));
    }
    if let Some(Value::Object(labels)) = field(metadata, "labels") {
        labels.remove(names::TEMPLATE);
    }
}

fn canonical_pod(pod: &mut Value) {
    let Some(fields) = pod.as_object_mut() else { return };
    for (name, value) in [
        ("dnsPolicy", json!("ClusterFirst")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("schedulerName", json!("default-scheduler")),
        ("hostNetwork", json!(false)),
        ("hostPID", json!(false)),
        ("hostIPC", json!(false)),
    ] {
        default(fields, name, &value);
    }
    // The older name of the same field.
    if let Some(account) = fields.remove("serviceAccount") {
        fields.entry("serviceAccountName").or_insert(account);
    }
    for group in ["initContainers", "containers"] {
        list(fields.get_mut(group)).for_each(canonical_container);
    }
    list(fields.get_mut("volumes")).for_each(canonical_volume);
    for name in ["volumes", "imagePullSecrets"] {
        sort_by(fields.get_mut(name), &["name"]);
    }
}

fn canonical_container(container: &mut Value) {
    let Some(fields) = container.as_object_mut() else { return };
    if let Some(image) = fields.get("image").and_then(Value::as_str) {
        let policy = pull_policy(image);
        default(fields, "imagePullPolicy", &json!(policy));
    }
    default(fields, "terminationMessagePath", &json!("/dev/termination-log"));
    default(fields, "terminationMessagePolicy", &json!("File"));
    for name in ["stdin", "stdinOnce", "tty"] {
        default(fields, name, &json!(false));
    }
    for port in list(fields.get_mut("ports")) {
        default_of(port, "protocol", &json!("TCP"));
    }
    sort_by(fields.get_mut("ports"), &["containerPort", "protocol"]);
    for mount in list(fields.get_mut("volumeMounts")) {
        default_of(mount, "readOnly", &json!(false));
    }
    sort_by(fields.get_mut("volumeMounts"), &["mountPath"]);
    sort_by(fields.get_mut("volumeDevices"), &["devicePath"]);
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = fields.get_mut(name) {
            canonical_probe(probe);
        }
    }
    for name in ["postStart", "preStop"] {
        if let Some(get) = fields.get_mut("lifecycle").and_then(|hooks| path(hooks, &[name, "httpGet"])) {
            canonical_get(get);
        }
    }
    // A variable's order has a meaning: it may refer to those before it.
    for variable in list(fields.get_mut("env")) {
        default_of(variable, "value", &json!(""));
        if let Some(source) = path(variable, &["valueFrom", "fieldRef"]) {
            default_of(source, "apiVersion", &json!("v1"));
        }
        if let Some(source) = path(variable, &["valueFrom", "resourceFieldRef"]) {
            canonical_divisor(source);
        }
    }
    for group in ["limits", "requests"] {
        let amounts = fields.get_mut("resources").and_then(|resources| field(resources, group));
        for (_, amount) in amounts.and_then(Value::as_object_mut).into_iter().flatten() {
            canonical_amount(amount, MILLI);
        }
    }
}

fn canonical_probe(probe: &mut Value) {
    for (name, value) in
        [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
    {
        default_of(probe, name, &json!(value));
    }
    default_of(probe, "initialDelaySeconds", &json!(0));
    if let Some(get) = field(probe, "httpGet") {
        canonical_get(get);
    }
}

fn canonical_get(get: &mut Value) {
    default_of(get, "path", &json!("/"));
    default_of(get, "scheme", &json!("HTTP"));
}

fn canonical_volume(volume: &mut Value) {
    let Some(fields) = volume.as_object_mut() else { return };
    // A volume without a source is an empty directory.
    if fields.keys().all(|name| name == "name") {
        fields.insert("emptyDir".to_owned(), json!({}));
    }
    if let Some(limit) = fields.get_mut("emptyDir").and_then(|source| field(source, "sizeLimit")) {
        canonical_amount(limit, NANO);
    }
    if let Some(source) = fields.get_mut("emptyDir") {
        default_of(source, "medium", &json!(""));
    }
    if let Some(source) = fields.get_mut("hostPath") {
        default_of(source, "type", &json!(""));
    }
    for name in ["secret", "configMap", "downwardAPI", "projected"] {
        let Some(source) = fields.get_mut(name) else { continue };
        default_of(source, "defaultMode", &json!(0o644));
        canonical_items(source);
        for source in list(field(source, "sources")) {
            if let Some(token) = field(source, "serviceAccountToken") {
                default_of(token, "expirationSeconds", &json!(3600));
            }
            if let Some(api) = field(source, "downwardAPI") {
                canonical_items(api);
            }
        }
    }
}

/// The references of a volume of the downward API.
fn canonical_items(source: &mut Value) {
    for item in list(field(source, "items")) {
        if let Some(reference) = field(item, "fieldRef") {
            default_of(reference, "apiVersion", &json!("v1"));
        }
        if let Some(reference) = field(item, "resourceFieldRef") {
            canonical_divisor(reference);
        }
    }
}

fn canonical_divisor(reference: &mut Value) {
    if let Some(divisor) = field(reference, "divisor") {
        canonical_amount(divisor, NANO);
    }
    default_of(reference, "divisor", &json!("0"));
    default_of(reference, "divisor", &json!("1"));
}

/// Billionths in a billionth, and in a thousandth.
const NANO: i128 = 1;
const MILLI: i128 = 1_000_000;

/// One spelling for an amount, rounded up to whole `unit`s as the server does; what is no amount stays.
fn canonical_amount(amount: &mut Value, unit: i128) {
    let text = match &*amount {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return,
    };
    let Ok(quantity) = text.parse::<Quantity>() else { return };
    // An amount is at most 2^63 billions of billionths, which leaves room in 128 bits.
    let nanos = quantity.nanos();
    let units = nanos.div_euclid(unit) + i128::from(nanos.rem_euclid(unit) != 0);
    let nanos = units * unit;
    let text = match nanos {
        nanos if nanos % 1_000_000_000 == 0 => (nanos / 1_000_000_000).to_string(),
        nanos if nanos % MILLI == 0 => format!("{}m", nanos / MILLI),
        nanos => format!("{nanos}n"),
    };
    *amount = Value::String(text);
}

/// The policy that the server gives an image: always for what may move.
fn pull_policy(image: &str) -> &'static str {
    if image.contains('@') {
        return "IfNotPresent";
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    match name.split_once(':') {
        None | Some((_, "latest" | "")) => "Always",
        Some(_) => "IfNotPresent",
    }
}

/// Members that are told apart by their fields `keys`, in the order of those.
fn sort_by(list: Option<&mut Value>, keys: &[&str]) {
    let Some(items) = list.and_then(Value::as_array_mut) else { return };
    items.sort_by_cached_key(|item| {
        keys.iter()
            .map(|key| match item.get(key) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => format!("{other:>12}"),
                None => String::new(),
            })
            .collect::<Vec<_>>()
    });
}

fn default(fields: &mut Map<String, Value>, name: &str, value: &Value) {
    if fields.get(name).is_some_and(|found| found == value) {
        fields.remove(name);
    }
}

fn default_of(object: &mut Value, name: &str, value: &Value) {
    if let Some(fields) = object.as_object_mut() {
        default(fields, name, value);
    }
}

fn field<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    value.as_object_mut()?.get_mut(name)
}

fn path<'a>(value: &'a mut Value, names: &[&str]) -> Option<&'a mut Value> {
    names.iter().try_fold(value, |value, name| field(value, name))
}

fn list(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value.and_then(Value::as_array_mut).into_iter().flatten()
}

#[cfg(test)]
mod tests;
