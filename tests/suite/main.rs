//! What flakepart promises, room by room. One program, so that it links once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skips"
)]

mod lock;
mod support;
