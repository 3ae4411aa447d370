//! The proof: real Nix evaluates every output before and after.

mod build;
mod compare;
mod control;
mod nix;
mod proof;
mod side;

pub use compare::prove;
pub use control::control;
pub use nix::{Nix, ProveError};
pub use proof::{Build, ComparedOutput, Options, OutputVerdict, Progress, Proof, Skipped, Verdict};
