//! A proxy in front of moto: it adds what the service does and moto does not ([`ecs`]), writes down every call, and can
//! stop the clock at a call, so that a test kills a program between any two. Thin: one request per connection.

mod buckets;
mod ecs;
mod message;

use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use buckets::Buckets;
use ecs::Service;
use message::{Answer, Request};

use crate::Call;

/// The header of calls of the test itself: they are not written down, held or counted against the rates.
pub(crate) const BEHIND: &str = "X-Testbed";

/// Where everything stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Just before the call is done.
    Before(usize),
    /// When the call is done, before it is answered.
    After(usize),
}

/// A running proxy.
pub(crate) struct Front {
    address: String,
    shared: Arc<Shared>,
}

struct Shared {
    server: String,
    book: Mutex<Book>,
    changed: Condvar,
    is_over: AtomicBool,
}

#[derive(Default)]
struct Book {
    calls: Vec<Call>,
    stop: Option<Stop>,
    /// Calls that came in since the stop was set.
    arrived: usize,
    /// Calls that were neither answered nor stopped yet.
    under_way: usize,
    /// Whether something was stopped.
    is_reached: bool,
    /// A stop that was lifted in between is another one.
    generation: u64,
    service: Service,
}

impl Front {
    /// A proxy in front of the server at that address.
    pub(crate) fn start(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let address = listener.local_addr().expect("it has an address").to_string();
        let shared = Arc::new(Shared {
            server,
            book: Mutex::default(),
            changed: Condvar::new(),
            is_over: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.book().calls.clone()
    }

    pub(crate) fn forget(&self) {
        self.shared.book().calls.clear();
    }

    pub(crate) fn lag(&self, listings: u32) {
        self.shared.book().service.lag = listings;
    }

    pub(crate) fn throttle(&self, factor: f64) {
        self.shared.book().service.buckets = Some(Buckets::new(factor));
    }

    pub(crate) fn tasks_are_starting(&self, are_starting: bool) {
        self.shared.book().service.tasks_are_starting = are_starting;
    }

    pub(crate) fn throttled(&self) -> u64 {
        self.shared.book().service.throttled
    }

    pub(crate) fn stop(&self, stop: Option<Stop>) {
        let mut book = self.shared.book();
        book.stop = stop;
        (book.arrived, book.is_reached) = (0, false);
        book.generation += 1;
        self.shared.changed.notify_all();
    }

    pub(crate) fn is_stopped(&self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        let mut book = self.shared.book();
        loop {
            if book.is_reached && book.under_way == 0 {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.shared.changed.wait_timeout(book, left);
            book = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.stop(None);
        // The listener looks up once more.
        drop(TcpStream::connect(&self.address));
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut stream: TcpStream) {
        let Some(request) = Request::read(&mut stream) else { return };
        let is_ours = !request.header(&BEHIND.to_lowercase()).is_empty();
        let answered = self.answer(&request, is_ours);
        match answered {
            Some(answer) => answer.send(&mut stream),
            None => drop(stream.shutdown(Shutdown::Both)),
        }
    }

    /// The answer; `None` when the connection breaks.
    fn answer(&self, request: &Request, is_ours: bool) -> Option<Answer> {
        let call = request.call();
        if is_ours {
            return self.done(request, &call, true);
        }
        let number = {
            let mut book = self.book();
            book.calls.push(call.clone());
            book.arrived += 1;
            book.under_way += 1;
            let number = book.arrived;
            match book.stop {
                Some(Stop::Before(at)) if number >= at => return self.held(book, true),
                Some(Stop::After(at)) if number > at => return self.held(book, false),
                _ => number,
            }
        };
        let answer = self.done(request, &call, false);
        let mut book = self.book();
        if book.stop == Some(Stop::After(number)) {
            return self.held(book, true);
        }
        book.under_way -= 1;
        self.changed.notify_all();
        answer
    }

    /// Keeps the call until the stop is lifted; it is never answered.
    fn held(&self, mut book: MutexGuard<'_, Book>, is_reached: bool) -> Option<Answer> {
        book.is_reached |= is_reached;
        book.under_way -= 1;
        self.changed.notify_all();
        let generation = book.generation;
        while book.generation == generation {
            book = self.changed.wait(book).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    fn done(&self, request: &Request, call: &Call, is_ours: bool) -> Option<Answer> {
        if !["ecs", "tagging"].contains(&call.service.as_str()) {
            return request.forward(&self.server);
        }
        let (operation, asked) = (call.operation.as_str(), request.document());
        if !is_ours && let Some(answer) = self.book().service.before(operation, &asked) {
            return Some(answer);
        }
        let answer = request.forward(&self.server);
        self.book().service.after(operation, &asked, answer, is_ours)
    }
}
