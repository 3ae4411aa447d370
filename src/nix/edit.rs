//! Lossless edits of a flake.nix: ranges of the original text that go, and not a byte besides.

use rnix::ast;
use rnix::{SyntaxKind, TextRange, TextSize};
use rowan::ast::AstNode as _;

use super::declare::{Declarations, flake_set, outputs_function};
use super::{NixError, Source};

/// Ranges of a text to be cut, in the coordinates of the original.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits {
    cuts: Vec<TextRange>,
}

impl Edits {
    fn cut(&mut self, start: usize, end: usize) {
        self.cuts.push(TextRange::new(size(start), size(end)));
    }

    /// The text without the cuts.
    #[must_use]
    pub fn apply(mut self, text: &str) -> String {
        self.cuts.sort_by_key(|cut| cut.start());
        let mut result = String::with_capacity(text.len());
        let mut kept = 0;
        for cut in self.cuts {
            let (start, end) = (usize::from(cut.start()), usize::from(cut.end()));
            result.push_str(text.get(kept..start).unwrap_or_default());
            kept = kept.max(end);
        }
        result.push_str(text.get(kept..).unwrap_or_default());
        result
    }
}

fn size(offset: usize) -> TextSize {
    TextSize::new(u32::try_from(offset).unwrap_or(u32::MAX))
}

/// Takes the inputs `names` out of a flake.nix: their declarations with the comments that belong to
/// them, and their names in the arguments of `outputs`.
pub fn remove_inputs(
    source: &Source,
    declarations: &Declarations,
    names: &[&str],
) -> Result<Edits, NixError> {
    let mut edits = Edits::default();
    let declared = names.iter().filter_map(|name| declarations.inputs.get(*name));
    let mut extents: Vec<(usize, usize)> = declared
        .flat_map(|declaration| &declaration.bindings)
        .map(|binding| extent(source, usize::from(binding.start()), usize::from(binding.end())))
        .collect();
    extents.sort_unstable();
    for (start, end) in joined(source.text(), extents) {
        let (start, end) = without_double_blank(source.text(), start, end);
        edits.cut(start, end);
    }
    remove_arguments(source, names, &mut edits)?;
    Ok(edits)
}

/// Joins extents that touch or have only blank lines between them, so that a run of removed bindings
/// is seen as one hole.
fn joined(text: &str, extents: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let blank_lines =
        |from: usize, to: usize| from == line_start(text, from) && text[from..to].trim().is_empty();
    let mut joined: Vec<(usize, usize)> = Vec::new();
    for (start, end) in extents {
        match joined.last_mut() {
            Some(last) if start <= last.1 || blank_lines(last.1, start) => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |at| at + 1)
}

fn line_end(text: &str, offset: usize) -> usize {
    text[offset..].find('\n').map_or(text.len(), |at| offset + at + 1)
}

/// The bytes that go with a binding: where it has its lines to itself these, the comments directly
/// above and the one behind it; else just the binding and the space after it.
fn extent(source: &Source, start: usize, end: usize) -> (usize, usize) {
    let text = source.text();
    let first = line_start(text, start);
    let next = line_end(text, end);
    let behind = text[end..next].trim_end_matches(['\r', '\n']);
    let comment = behind.trim_start();
    let whole_lines = is_blank(&text[first..start]) && (comment.is_empty() || comment.starts_with('#'));
    if !whole_lines {
        // Something else stands on the line: its own spacing stays.
        let space = behind.len() - comment.len();
        return if comment.is_empty() {
            (start - text[first..start].bytes().rev().take_while(|byte| *byte == b' ').count(), end)
        } else {
            (start, end + space)
        };
    }
    (comment_lines_above(source, first), next)
}

/// The start of the first of the comment lines directly above `line`; `line` where there are none.
fn comment_lines_above(source: &Source, mut line: usize) -> usize {
    while let Some(above) = comment_line_above(source, line) {
        line = above;
    }
    line
}

/// The start of the line above `line`, where that line is a `#` comment and nothing else: what looks
/// like one may lie inside a block comment or a string.
fn comment_line_above(source: &Source, line: usize) -> Option<usize> {
    let text = source.text();
    let above = line_start(text, line.checked_sub(1)?);
    let hash = line - text[above..line].trim_start().len();
    let token = source.root().token_at_offset(size(hash)).right_biased()?;
    let is_comment = token.kind() == SyntaxKind::TOKEN_COMMENT && token.text_range().start() == size(hash);
    (is_comment && text[hash..].starts_with('#')).then_some(above)
}

/// The comment lines directly above `offset`, outermost first, without their indentation.
pub(super) fn comments_above(source: &Source, offset: TextSize) -> Vec<String> {
    let text = source.text();
    let mut line = line_start(text, usize::from(offset));
    let mut comments = Vec::new();
    if !is_blank(&text[line..usize::from(offset)]) {
        return comments;
    }
    while let Some(above) = comment_line_above(source, line) {
        comments.push(text[above..line].trim().to_owned());
        line = above;
    }
    comments.reverse();
    comments
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

/// Takes names out of the argument pattern of `outputs`.
fn remove_arguments(source: &Source, names: &[&str], edits: &mut Edits) -> Result<(), NixError> {
    let flake = flake_set(source)?;
    let Some(ast::Param::Pattern(pattern)) = outputs_function(source, &flake)?.param() else { return Ok(()) };
    let entries: Vec<(TextRange, bool, Option<TextRange>)> = pattern
        .pat_entries()
        .map(|entry| {
            let name = entry.ident().map(|ident| ident.syntax().text().to_string()).unwrap_or_default();
            (entry.syntax().text_range(), names.contains(&name.as_str()), comma_behind(&entry))
        })
        .collect();
    let text = source.text();
    let first_kept = entries.iter().position(|(_, removed, _)| !removed).unwrap_or(entries.len());
    let tail = match pattern.ellipsis_token() {
        Some(_) => entries.len(),
        None => entries.iter().rposition(|(_, removed, _)| !removed).map_or(0, |kept| kept + 1),
    };
    // Nix before 2.20 takes no comma before the closing brace: where there was none, none is left.
    if let (Some((_, true, None)), Some((.., Some(comma)))) =
        (entries.last(), tail.checked_sub(1).and_then(|kept| entries.get(kept)))
        && tail < entries.len()
    {
        edits.cut(usize::from(comma.start()), usize::from(comma.end()));
    }
    let mut comma_before: Option<TextRange> = None;
    for (at, (range, removed, comma)) in entries.iter().enumerate() {
        let leading = comma_before.map(|comma| usize::from(comma.start()));
        comma_before = *comma;
        if !removed {
            continue;
        }
        let (start, end) = (usize::from(range.start()), usize::from(range.end()));
        let line = line_start(text, start);
        let end_with_comma = comma.map_or(end, |comma| usize::from(comma.end()));
        if let Some(leading) = leading.filter(|at| *at >= line && is_blank(&text[line..*at]))
            && at > first_kept
        {
            // `, name` with a line to itself
            let end = comment_behind(text, end);
            edits.cut(with_space_before(text, leading, end), end);
            continue;
        }
        let (start, end) = if is_blank(&text[line..start]) {
            let first = comment_lines_above(source, line);
            let indented = first + text[first..].len() - text[first..].trim_start().len();
            (indented, comment_behind(text, end_with_comma))
        } else {
            (start, end_with_comma)
        };
        if at < tail {
            edits.cut(start, end + text[end..].len() - text[end..].trim_start().len());
        } else {
            edits.cut(with_space_before(text, start, end), end);
        }
    }
    Ok(())
}

/// The start of a hole with the space before it. A line break stays where more stands behind the hole:
/// it may be the end of a comment.
fn with_space_before(text: &str, start: usize, end: usize) -> usize {
    let space = text[..start].trim_end().len();
    let keeps_break =
        text[space..start].contains('\n') && !is_blank(text[end..line_end(text, end)].trim_end());
    if keeps_break { start } else { space }
}

/// Where the comment ends that stands between `offset` and the end of its line, if one does.
fn comment_behind(text: &str, offset: usize) -> usize {
    let behind = text[offset..line_end(text, offset)].trim_end();
    if behind.trim_start().starts_with('#') { offset + behind.len() } else { offset }
}

fn comma_behind(entry: &ast::PatEntry) -> Option<TextRange> {
    std::iter::successors(entry.syntax().next_sibling_or_token(), |element| element.next_sibling_or_token())
        .take_while(|element| element.as_node().is_none())
        .find(|element| element.kind() == SyntaxKind::TOKEN_COMMA)
        .map(|element| element.text_range())
}
