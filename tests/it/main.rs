//! The integration tests, as one program.

mod cli_reference;
