//! Lossless edits of a flake.nix: ranges of the original text that give way, and not a byte besides.

mod add;
mod arguments;
mod cut;
mod imports;
mod lines;
mod remove;
mod repoint;
mod unwire;

use std::ops::Range;

use super::declare::Declarations;
use super::{NixError, Source};

pub use add::add_inputs;
pub(super) use cut::{cut_bindings, cut_elements, cut_operands};
pub use imports::{add_import, replace_import};
pub(super) use lines::{comments_above, comments_within};
pub(super) use remove::extent;
pub use remove::remove_inputs;
pub use repoint::repoint;
pub use unwire::{Unwired, unwire};

/// Ranges of a text and what comes in their place, in the coordinates of the original.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits {
    changes: Vec<(Range<usize>, String)>,
}

impl Edits {
    fn cut(&mut self, start: usize, end: usize) {
        self.replace(start..end, "");
    }

    fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }

    pub(in crate::nix) fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.changes.push((range, text.into()));
    }

    /// The same, each range once.
    pub(super) fn without_doubles(mut self) -> Edits {
        self.changes.sort_by_key(|(range, _)| (range.start, range.end));
        self.changes.dedup();
        self
    }

    /// The ranges that change, in bytes of the original; an empty one is where something comes in.
    pub fn ranges(&self) -> impl Iterator<Item = &Range<usize>> {
        self.changes.iter().map(|(range, _)| range)
    }

    /// The text with the changes.
    #[must_use]
    pub fn apply(mut self, text: &str) -> String {
        self.changes.sort_by_key(|(range, _)| range.start);
        let mut result = String::with_capacity(text.len());
        let mut kept = 0;
        for (range, new) in self.changes {
            result.push_str(text.get(kept..range.start).unwrap_or_default());
            result.push_str(&new);
            kept = kept.max(range.end);
        }
        result.push_str(text.get(kept..).unwrap_or_default());
        result
    }

    /// The edits, if what they make of `source` declares just what is `expected`: a spelling that
    /// flakepart misjudges is refused, not broken.
    fn verified(self, source: &Source, expected: &Declarations, line: usize) -> Result<Edits, NixError> {
        let text = self.clone().apply(source.text());
        let after = Source::parse(text.as_bytes()).and_then(|after| Declarations::read(&after));
        if after.is_ok_and(|after| after.agrees_with(expected)) {
            Ok(self)
        } else {
            let what = "this declaration cannot be edited without a change to another one".to_owned();
            Err(NixError::CannotEdit { line, what })
        }
    }
}
