//! Findings, plans and proofs as text for people and as JSON for programs.
//!
//! Nothing here decides or prints: values go in, strings come out. Text carries ANSI styles; whoever
//! prints it takes them off where they are not wanted.

mod analysis;
mod diff;
mod finding;
mod fingerprint;
mod gate;
mod github;
mod gitlab;
mod graph;
mod markdown;
mod plan;
mod proof;
mod sarif;
mod summary;
mod sync;
mod text;
mod why;

pub use analysis::analysis;
pub use diff::{diff, diff_markdown};
pub use finding::{Findings, explained, findings, fixed};
pub use gate::{gate, gate_markdown};
pub use github::github;
pub use gitlab::gitlab;
pub use graph::Drawing;
pub use plan::{PlanJson, colored_diff, plan};
pub use proof::proof;
pub use sarif::sarif;
pub use summary::analysis_markdown;
pub use sync::sync;
pub use text::{bold, columns, shown, wrapped_to};
pub use why::{sites, why};

/// A value as JSON for a program: pretty, with a final newline.
pub fn json(value: &impl serde::Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(value).map(|text| text::shown_json(&text) + "\n")
}

/// One value in one line, for where there are several.
pub fn json_line(value: &impl serde::Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(value).map(|text| text::shown_json(&text) + "\n")
}
