//! The storage server: Cloud Storage's JSON API as strict as the service where flowform relies on it - generations and their
//! preconditions under one lock, one write a second of each name, pages, credentials - with faults on cue.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};

use crate::objects::{Buckets, Reply, Request, problem};
use crate::tokens::{Head, Tokens};

/// What a refresh token is worth.
pub(crate) const REFRESH: &str = "refresh-token-of-the-test";

/// How the server behaves.
#[derive(Clone, Debug)]
pub struct StorageOptions {
    /// The buckets that exist.
    pub buckets: Vec<String>,
    /// The time between two changes of one object name.
    pub between_writes: Duration,
    /// The most rows of a page.
    pub page: usize,
    /// Whether calls need a token; emulators refuse none.
    pub needs_token: bool,
}

impl Default for StorageOptions {
    fn default() -> Self {
        Self {
            buckets: vec!["bucket".into()],
            between_writes: Duration::from_secs(1),
            page: 1000,
            needs_token: true,
        }
    }
}

/// Something that goes wrong, once.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The method of the request that it happens to.
    pub method: &'static str,
    /// A part of the request's object or path.
    pub part: String,
    /// How many such requests are answered before.
    pub after: usize,
    /// What happens.
    pub kind: FaultKind,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub enum FaultKind {
    /// The request is carried out, and the connection breaks before the answer.
    LoseReply,
    /// The connection breaks before anything is done.
    LoseRequest,
    /// It is refused with this status; nothing is done.
    Status(u16),
    /// It is carried out and answered with this status all the same.
    StatusAfter(u16),
    /// It is answered later.
    Slow(Duration),
}

/// A running server. It ends when it is dropped.
pub struct Storage {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    needs_token: bool,
}

struct State {
    buckets: Buckets,
    faults: Vec<Fault>,
    calls: Vec<String>,
    tokens: Tokens,
    /// What whoever asks may do; `None` for everything.
    granted: Option<Vec<String>>,
    hold: Option<Held>,
}

/// A call that is not answered until it is released.
struct Held {
    method: &'static str,
    /// How many such calls are answered before.
    after: usize,
    is_carried_out: bool,
    has_come: bool,
    release: Arc<Notify>,
}

/// A call that will not be answered.
pub struct Hold<'a> {
    server: &'a Storage,
}

impl Hold<'_> {
    /// Waits until the call has come; false where `is_over` says before that it will not.
    pub fn wait(&self, mut is_over: impl FnMut() -> bool) -> bool {
        loop {
            let has_come = || self.server.state().hold.as_ref().is_some_and(|hold| hold.has_come);
            if has_come() {
                return true;
            }
            if is_over() {
                return has_come();
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Storage {
    /// Starts a server on a free port of the loopback interface.
    pub fn start(options: &StorageOptions) -> Self {
        let state = State {
            buckets: Buckets::new(&options.buckets, options.between_writes, options.page),
            faults: Vec::new(),
            calls: Vec::new(),
            tokens: Tokens::default(),
            granted: None,
            hold: None,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), needs_token: options.needs_token });
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
                tell.send(listener.local_addr().expect("an address")).expect("somebody waits");
                tokio::select! {
                    () = serve(listener, serving) => {}
                    _ = stopped => {}
                }
            });
        });
        let address = told.recv().expect("the server starts");
        Self { address, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// Its address: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Writes a file of user credentials that this server gives tokens for, and returns its path.
    pub fn credentials(&self, directory: &Path) -> PathBuf {
        let path = directory.join("credentials.json");
        let content = json!({
            "type": "authorized_user",
            "client_id": "client",
            "client_secret": "client-secret",
            "refresh_token": REFRESH,
            "token_uri": format!("{}/token", self.endpoint()),
        });
        std::fs::write(&path, content.to_string()).expect("the file is written");
        path
    }

    /// Takes tokens that the private key of a service account signed; `public` is its other half (PKCS #1).
    pub fn trust(&self, email: &str, public: Vec<u8>) {
        self.state().tokens.keys.insert(email.to_owned(), public);
    }

    /// The kinds of tokens that were given or taken since the last time.
    pub fn take_exchanges(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.state().tokens.told)
    }

    /// Allows these permissions alone from now on.
    pub fn grant(&self, permissions: &[&str]) {
        self.state().granted = Some(permissions.iter().map(|&permission| permission.to_owned()).collect());
    }

    /// Lets something go wrong.
    pub fn fault(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Lets the call after so many of that method wait for ever, carried out or not.
    pub fn hold(&self, method: &'static str, after: usize, is_carried_out: bool) -> Hold<'_> {
        let release = Arc::new(Notify::new());
        self.state().hold = Some(Held { method, after, is_carried_out, has_come: false, release });
        Hold { server: self }
    }

    /// Lets go of the call that waits.
    pub fn release(&self) {
        if let Some(hold) = self.state().hold.take() {
            hold.release.notify_waiters();
        }
    }

    /// The calls since the last time, as `METHOD object-or-path`; tokens are not among them.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    /// The names of the objects of a bucket.
    pub fn names(&self, bucket: &str) -> Vec<String> {
        self.state().buckets.names(bucket)
    }

    /// The content of an object.
    pub fn content(&self, bucket: &str, name: &str) -> Option<Vec<u8>> {
        self.state().buckets.content(bucket, name)
    }

    /// Writes an object as another client would.
    pub fn set(&self, bucket: &str, name: &str, bytes: &[u8]) {
        self.state().buckets.set(bucket, name, bytes.to_vec());
    }

    /// Removes an object as another client would.
    pub fn remove(&self, bucket: &str, name: &str) {
        self.state().buckets.remove(bucket, name);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("no test panics in here")
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| {
            let shared = Arc::clone(&shared);
            async move { answer(&shared, request).await }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// An error breaks the connection.
type Answered = Result<hyper::Response<Full<Bytes>>, std::io::Error>;

async fn answer(shared: &Shared, request: hyper::Request<Incoming>) -> Answered {
    let broken = || std::io::Error::other("the connection breaks (test)");
    let (head, body) = request.into_parts();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let request = Request {
        method: head.method.to_string(),
        path: head.uri.path().split('/').skip(1).map(decode).collect(),
        query: head.uri.query().map(pairs).unwrap_or_default(),
        content_type: header("content-type"),
        body: body.collect().await.map_err(std::io::Error::other)?.to_bytes().to_vec(),
    };
    let (authorization, flavor) = (header("authorization"), header("metadata-flavor"));
    let head = Head { authorization: authorization.as_deref(), flavor: flavor.as_deref() };
    if let Some(reply) = shared.state.lock().expect("no test panics in here").tokens.answer(&request, head) {
        return respond(reply);
    }
    let (reply, fault, held) = {
        let mut state = shared.state.lock().expect("no test panics in here");
        let object = request.query.iter().find(|(name, _)| name == "name").map(|(_, value)| value.clone());
        let described = format!("{} {}", request.method, object.unwrap_or_else(|| request.path.join("/")));
        state.calls.push(described.clone());
        let fault = due(&mut state.faults, &request.method, &described);
        let held = state.hold.as_mut().filter(|hold| hold.method == request.method && !hold.has_come);
        let held = held.and_then(|hold| match hold.after.checked_sub(1) {
            Some(left) => {
                hold.after = left;
                None
            }
            None => {
                hold.has_come = true;
                Some((Arc::clone(&hold.release), hold.is_carried_out))
            }
        });
        let is_known = state.tokens.knows(authorization.as_deref());
        let granted = state.granted.clone();
        let needed = state.buckets.permissions(&request).into_iter();
        let denied =
            needed.clone().find(|one| granted.as_ref().is_some_and(|all| all.iter().all(|has| has != one)));
        let reply = match fault {
            Some(FaultKind::LoseRequest) => return Err(broken()),
            _ if matches!(held, Some((_, false))) => problem(503, "backendError", "Backend Error"),
            Some(FaultKind::Status(status)) => problem(status, "backendError", "Backend Error"),
            _ if shared.needs_token && authorization.is_none() => {
                problem(401, "required", "Anonymous caller does not have storage access to the bucket.")
            }
            _ if shared.needs_token && !is_known => problem(401, "authError", "Invalid Credentials"),
            _ => match denied {
                Some(permission) => problem(
                    403,
                    "forbidden",
                    &format!(
                        "The caller does not have {permission} access to the Google Cloud Storage object."
                    ),
                ),
                None => state.buckets.answer(&request, Instant::now()),
            },
        };
        (reply, fault, held)
    };
    if let Some((release, _)) = held {
        release.notified().await;
        return Err(broken());
    }
    match fault {
        Some(FaultKind::LoseReply) => Err(broken()),
        Some(FaultKind::StatusAfter(status)) => respond(problem(status, "backendError", "Backend Error")),
        Some(FaultKind::Slow(time)) => {
            tokio::time::sleep(time).await;
            respond(reply)
        }
        Some(FaultKind::LoseRequest | FaultKind::Status(_)) | None => respond(reply),
    }
}

/// The fault of this request, which happens once.
fn due(faults: &mut Vec<Fault>, method: &str, described: &str) -> Option<FaultKind> {
    let index = faults.iter().position(|fault| fault.method == method && described.contains(&fault.part))?;
    let fault = faults.get_mut(index)?;
    if fault.after > 0 {
        fault.after -= 1;
        return None;
    }
    Some(faults.remove(index).kind)
}

fn respond(reply: Reply) -> Answered {
    let mut response = hyper::Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Full::new(Bytes::from(reply.body))).map_err(std::io::Error::other)
}

pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(&name.replace('+', " ")), decode(&value.replace('+', " "))))
        .collect()
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
