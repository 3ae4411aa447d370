//! Inputs taken out of a flake.nix.

use std::ops::Range;

use super::Edits;
use super::arguments::remove_arguments;
use super::lines::{comment_lines_above, ends_its_line, is_blank, line_end, line_start};
use crate::nix::{Declarations, NixError, Source};

/// Takes the inputs `names` out of a flake.nix: their declarations with the comments that belong to
/// them, and their names in the arguments of `outputs`.
pub fn remove_inputs(
    source: &Source,
    declarations: &Declarations,
    names: &[&str],
) -> Result<Edits, NixError> {
    let mut edits = Edits::default();
    let mut expected = declarations.clone();
    let removed: Vec<_> = names.iter().filter_map(|name| expected.inputs.remove(*name)).collect();
    let bindings = removed.iter().flat_map(|declaration| &declaration.bindings);
    let ranges = bindings.map(|binding| (usize::from(binding.start()), usize::from(binding.end())));
    cut_extents(source, ranges, &mut edits);
    remove_arguments(source, names, &mut edits)?;
    edits.verified(source, &expected, removed.first().map_or(1, |declaration| declaration.line))
}

/// Cuts what stands at these ranges, with the comments that belong to it and no double blank line left.
pub(super) fn cut_extents(source: &Source, ranges: impl Iterator<Item = (usize, usize)>, edits: &mut Edits) {
    let mut extents: Vec<Range<usize>> = ranges.map(|(start, end)| extent(source, start, end)).collect();
    extents.sort_unstable_by_key(|extent| (extent.start, extent.end));
    for extent in joined(source.text(), extents) {
        let (start, end) = without_double_blank(source.text(), extent.start, extent.end);
        edits.cut(start, end);
    }
}

/// Joins extents that touch or have only blank lines between them, so that a run of removed bindings
/// is seen as one hole.
fn joined(text: &str, extents: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let blank_lines =
        |from: usize, to: usize| from == line_start(text, from) && text[from..to].trim().is_empty();
    let mut joined: Vec<Range<usize>> = Vec::new();
    for extent in extents {
        match joined.last_mut() {
            Some(last) if extent.start <= last.end || blank_lines(last.end, extent.start) => {
                last.end = last.end.max(extent.end);
            }
            _ => joined.push(extent),
        }
    }
    joined
}

/// The bytes that go with a binding: where it has its lines to itself these, the comments directly
/// above and the one behind it; else just the binding and the space beside it.
pub(in crate::nix) fn extent(source: &Source, start: usize, end: usize) -> Range<usize> {
    let text = source.text();
    let first = line_start(text, start);
    let before = &text[first..start];
    if is_blank(before) && ends_its_line(text, end) {
        return comment_lines_above(source, first)..line_end(text, end);
    }
    // Something else stands on the line: its own spacing stays.
    let behind = text[end..line_end(text, end)].trim_end_matches(['\r', '\n']);
    let space = behind.len() - behind.trim_start().len();
    if space == behind.len() || (space == 0 && !is_blank(before)) {
        start - before.bytes().rev().take_while(|byte| *byte == b' ').count()..end
    } else {
        start..end + space
    }
}

/// Where a hole of whole lines would leave two blank lines together, or one at an edge of the block,
/// one blank line goes with it.
fn without_double_blank(text: &str, start: usize, end: usize) -> (usize, usize) {
    if start != line_start(text, start) || end != line_start(text, end) {
        return (start, end);
    }
    let above = start.checked_sub(1).map(|before| line_start(text, before));
    let blank_above = above.filter(|above| is_blank(text[*above..start].trim_end_matches('\n')));
    let below = &text[end..line_end(text, end)];
    let blank_below = !below.is_empty() && is_blank(below.trim_end_matches('\n'));
    let closes = below.trim_start().starts_with('}');
    let opens = above.is_none_or(|above| text[above..start].trim_end().ends_with('{'));
    match blank_above {
        Some(above) if blank_below || closes => (above, end),
        None if blank_below && opens => (start, end + below.len()),
        _ => (start, end),
    }
}
