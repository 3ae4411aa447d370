//! `gate` for people.

use super::finding::findings;
use super::text::{bold, count, size};
use crate::check::Gate;

/// The sizes, and the limits that they break.
#[must_use]
pub fn gate(gate: &Gate) -> String {
    let mut text =
        format!("{}: {}, {}", bold("flake.lock"), count(gate.lock.nodes, "node"), size(gate.lock.bytes));
    if let Some(base) = &gate.base {
        text.push_str(&format!(" (base: {}, {})", count(base.nodes, "node"), size(base.bytes)));
    }
    text.push('\n');
    text.push_str(&findings(&gate.findings));
    text
}
