//! The `flowform` command.

use std::process::ExitCode;

/// Evaluation makes many small objects, which this allocator is much faster with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(flowform::cli::run())
}
