//! The guards: the rules of `check`, and the limits of `gate`.

mod gate;
mod rules;

pub use gate::{Gate, Limits};
pub use rules::{check, lock_findings, unused_inputs};
