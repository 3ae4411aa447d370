//! What flakepart promises, room by room. One program, so that it links once.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod change;
mod cli;
mod credentials;
mod flake_file;
mod lock;
mod lock_readers;
mod merge;
mod nix;
mod real_nix;
mod relocation;
mod support;
mod tools;
mod traps;
mod tree;
