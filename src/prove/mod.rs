//! The proof: real Nix evaluates every output before and after.

mod alike;
mod attr;
mod build;
mod compare;
mod consumer;
mod control;
mod derivation;
mod difference;
mod jobs;
mod judge;
mod lazy;
mod message;
mod nix;
mod pins;
mod process;
mod proof;
mod require;
mod side;
mod store;
mod version;

pub use judge::prove;
pub use nix::{Nix, ProveError, Settings};
pub use process::Limits;
pub use proof::{
    Build, Checked, ComparedOutput, Consumers, Options, OutputVerdict, Progress, Proof, Runs, Skipped,
    Verdict,
};
pub use version::Implementation;
