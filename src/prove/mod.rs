//! The proof: real Nix evaluates every output before and after.

mod alike;
mod attr;
mod build;
mod compare;
mod control;
mod derivation;
mod difference;
mod judge;
mod nix;
mod pins;
mod proof;
mod side;

pub use control::control;
pub use judge::prove;
pub use nix::{Nix, ProveError};
pub use proof::{Build, ComparedOutput, Options, OutputVerdict, Progress, Proof, Skipped, Verdict};
