//! What was written into a file since it was changed, kept when that change is taken back.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Lines of the text that both sides began from, and what a side has in their place.
struct Hunk<'a> {
    at: Range<usize>,
    lines: &'a [&'a str],
}

fn hunks<'a>(base: &[&str], side: &'a [&'a str]) -> Vec<Hunk<'a>> {
    let changed = capture_diff_slices(Algorithm::Myers, base, side).into_iter();
    changed
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| Hunk { at: op.old_range(), lines: side.get(op.new_range()).unwrap_or_default() })
        .collect()
}

/// Two sides of a text put together: what each changed in `base`. `None` where they changed the same lines,
/// or lines that touch.
pub(super) fn both(base: &str, ours: &str, theirs: &str) -> Option<String> {
    let [base, ours, theirs] =
        [base, ours, theirs].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let (mut ours, theirs) = (hunks(&base, &ours), hunks(&base, &theirs));
    let touch = |a: &Hunk<'_>, b: &Hunk<'_>| a.at.start <= b.at.end && b.at.start <= a.at.end;
    if ours.iter().any(|one| theirs.iter().any(|other| touch(one, other))) {
        return None;
    }
    ours.extend(theirs);
    ours.sort_by_key(|hunk| hunk.at.start);
    let mut text = String::new();
    let mut kept = 0;
    for hunk in ours {
        text.extend(base.get(kept..hunk.at.start).unwrap_or_default().iter().copied());
        text.extend(hunk.lines.iter().copied());
        kept = hunk.at.end;
    }
    text.extend(base.get(kept..).unwrap_or_default().iter().copied());
    Some(text)
}
