//! Stands between a client and servers: tells which calls were made, and holds a client at the call that a test chooses, so
//! that it can be killed between any two of them. It changes nothing of what passes.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::Client;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::TestCluster;

/// The calls that pass one or more proxies.
#[derive(Clone, Default)]
pub struct Gate {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    calls: Vec<String>,
    /// So many calls pass, and none after them.
    left: Option<usize>,
    is_holding: bool,
}

impl Gate {
    /// The calls that passed since the last time, as `METHOD path?query`.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    /// Lets so many calls pass; what comes after them is neither carried out nor answered.
    pub fn hold_after(&self, calls: usize) {
        self.state().left = Some(calls);
    }

    /// Whether a call is held.
    pub fn is_holding(&self) -> bool {
        self.state().is_holding
    }

    /// Lets everything that comes pass.
    pub fn open(&self) {
        let mut state = self.state();
        state.left = None;
        state.is_holding = false;
    }

    fn passes(&self, call: String) -> bool {
        let mut state = self.state();
        match state.left.map(|left| left.checked_sub(1)) {
            Some(None) => {
                state.is_holding = true;
                return false;
            }
            Some(left) => state.left = left,
            None => {}
        }
        state.calls.push(call);
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What stands behind a proxy.
#[derive(Clone)]
enum Behind {
    Cluster(Client),
    /// A server without TLS.
    Plain(String),
}

/// A running proxy. It ends when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// One in front of an API server. Whoever calls brings the credentials.
    pub fn of_cluster(cluster: &TestCluster, gate: &Gate) -> Self {
        let anonymous = cluster.kubeconfig_of(&serde_json::json!({}), "default");
        Self::start(gate.clone(), async move { Behind::Cluster(TestCluster::client(&anonymous).await) })
    }

    /// One in front of a server that listens at `http://HOST:PORT`.
    pub fn of_plain(endpoint: &str, gate: &Gate) -> Self {
        let address = endpoint.trim_start_matches("http://").to_owned();
        Self::start(gate.clone(), async move { Behind::Plain(address) })
    }

    /// Its address: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn start(gate: Gate, behind: impl Future<Output = Behind> + Send + 'static) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let behind = behind.await;
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
                tell.send(listener.local_addr().expect("an address")).expect("somebody waits");
                tokio::select! {
                    () = serve(listener, gate, behind) => {}
                    _ = stopped => {}
                }
            });
        });
        let address = told.recv().expect("the proxy starts");
        Self { address, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, gate: Gate, behind: Behind) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let (gate, behind) = (gate.clone(), behind.clone());
        let service = service_fn(move |request| {
            let (gate, behind) = (gate.clone(), behind.clone());
            async move { Ok::<_, Infallible>(pass(&gate, behind, request).await) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn pass(gate: &Gate, behind: Behind, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let body = body.collect().await.expect("a whole request").to_bytes();
    if !gate.passes(format!("{} {target}", head.method)) {
        // The connection ends when its client is killed, and this with it.
        std::future::pending::<()>().await;
    }
    let (head, body) = match behind {
        Behind::Cluster(client) => {
            let request = Request::from_parts(head, kube::client::Body::from(body.to_vec()));
            let (head, body) = client.send(request).await.expect("the API server answers").into_parts();
            (head, body.collect().await.expect("a whole answer").to_bytes())
        }
        Behind::Plain(address) => {
            let stream = TcpStream::connect(address).await.expect("the server is there");
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
            tokio::spawn(connection);
            let answer = sender.send_request(Request::from_parts(head, Full::new(body))).await;
            let (head, body) = answer.expect("the server answers").into_parts();
            (head, body.collect().await.expect("a whole answer").to_bytes())
        }
    };
    let mut answer = Response::from_parts(head, Full::new(body));
    // The whole body is sent, in whatever pieces it came.
    answer.headers_mut().remove(http::header::TRANSFER_ENCODING);
    answer
}
