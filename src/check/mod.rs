//! The guards: the rules of `check`, and the limits of `gate`.

mod gate;
mod growth;
mod rules;

pub use gate::{Gate, GatedLock, Limits, Total, declared};
pub use growth::{Growth, ReadLock, Share, growth};
pub use rules::{check, lock_findings, unused_inputs};
