//! Mangled texts for a target, for some time: what panics, hangs, overflows the stack, grows beyond bounds or breaks a law
//! is kept in a file and ends the run. Inputs that make the target say something new are mangled further.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a test program: it reads files and the clock, and reports what it finds"
)]

mod corpus;
mod targets;

use std::collections::HashSet;
use std::io::{Seek, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use corpus::{Corpus, Random};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// No input may take longer.
const SLOWEST: Duration = Duration::from_secs(10);
/// The program may never hold more, in KiB.
const LARGEST: u64 = 2 << 20;
/// Inputs that are kept for mangling.
const KEPT: usize = 20_000;
/// As a thread of a program has it.
const STACK: usize = 2 << 20;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let Some(target) = args.first().and_then(|name| targets::find(name)) else {
        // `cargo bench` without a name starts every bench.
        eprintln!("usage: tests/fuzz/run parse|evaluate|fmt|json|yaml|quantity SECONDS|FILE [SEED]");
        return;
    };
    let (name, what) = (args[0].clone(), args.get(1).cloned().unwrap_or_else(|| "60".to_owned()));
    let seed = args.get(2).and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let thread = std::thread::Builder::new().stack_size(STACK);
    let worked = thread.spawn(move || match what.parse() {
        Ok(seconds) => fuzz(&name, target, Duration::from_secs(seconds), seed),
        Err(_) => {
            let text = std::fs::read_to_string(&what).expect("the file can be read");
            println!("{}", target(&text));
        }
    });
    if worked.expect("a thread can be made").join().is_err() {
        std::process::exit(1);
    }
}

/// Milliseconds since the start at which the current input was begun, for the watchdog; zero between inputs.
static BEGUN: AtomicU64 = AtomicU64::new(0);

fn fuzz(name: &str, target: targets::Target, time: Duration, seed: u64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/found");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    // Written before each try: a stack overflow leaves no other trace.
    let path = folder.join(format!("{name}-{seed}-current"));
    let mut current = std::fs::File::create(&path).expect("the input can be written");
    let start = Instant::now();
    watch(start, path.clone());
    let mut random = Random::new(seed);
    let mut corpus = Corpus::new(name);
    let given = corpus.len();
    let mut said = HashSet::new();
    let (mut cases, mut bytes, mut slowest, mut largest) = (0_u64, 0_u64, Duration::ZERO, 0);
    while start.elapsed() < time {
        let text = match usize::try_from(cases) {
            Ok(index) if index < given => corpus.text(index).to_owned(),
            _ => corpus.mangled(&mut random),
        };
        current.rewind().and_then(|()| current.set_len(0)).expect("the file can be written");
        current.write_all(text.as_bytes()).expect("the file can be written");
        let begun = Instant::now();
        BEGUN.store(start.elapsed().as_millis() as u64 + 1, Ordering::Relaxed);
        let signature = std::panic::catch_unwind(|| target(&text)).unwrap_or_else(|panic| {
            eprintln!("{name}: the input is in {}", path.display());
            std::panic::resume_unwind(panic);
        });
        BEGUN.store(0, Ordering::Relaxed);
        slowest = slowest.max(begun.elapsed());
        cases += 1;
        bytes += text.len() as u64;
        if said.insert(signature) && corpus.len() < KEPT {
            corpus.add(text);
        }
        if cases.is_multiple_of(1_000) {
            largest = largest.max(memory());
            assert!(largest < LARGEST, "{name}: {largest} KiB are held; the input is in {}", path.display());
        }
    }
    let _ = std::fs::remove_file(&path);
    let largest = largest.max(memory());
    println!(
        "{name}: {cases} inputs, {} MB in {} s with seed {seed}; {} kinds of answers; slowest {} ms; at most {} MB held; nothing found",
        bytes / 1_000_000,
        time.as_secs(),
        said.len(),
        slowest.as_millis(),
        largest / 1024
    );
}

/// Ends the program when an input takes too long: nothing else could.
fn watch(start: Instant, path: std::path::PathBuf) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(500));
            let begun = BEGUN.load(Ordering::Relaxed);
            let now = start.elapsed().as_millis() as u64;
            if begun > 0 && now.saturating_sub(begun) > SLOWEST.as_millis() as u64 {
                eprintln!("it takes more than {} s: the input is in {}", SLOWEST.as_secs(), path.display());
                std::process::exit(1);
            }
        }
    });
}

/// What the process has held at most, in KiB; zero where the system does not tell.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}
