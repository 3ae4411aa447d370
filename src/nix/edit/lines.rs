//! Lines of a text, and the comments among them.

use std::ops::Range;

use rnix::{SyntaxKind, TextRange, TextSize};

use crate::nix::Source;

pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

pub(super) fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |at| at + 1)
}

pub(super) fn line_end(text: &str, offset: usize) -> usize {
    text[offset..].find('\n').map_or(text.len(), |at| offset + at + 1)
}

/// The line break that a text uses.
pub(super) fn line_break(text: &str) -> &'static str {
    let first = text.find('\n');
    if first.is_some_and(|at| text[..at].ends_with('\r')) { "\r\n" } else { "\n" }
}

/// The white space at the start of the line that holds `offset`.
pub(super) fn indentation(text: &str, offset: usize) -> &str {
    let line = &text[line_start(text, offset)..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Whether only white space and comments stand between `offset`, where code ends, and the end of its
/// line.
pub(super) fn ends_its_line(text: &str, offset: usize) -> bool {
    let mut rest = text[offset..line_end(text, offset)].trim();
    while let Some(comment) = rest.strip_prefix("/*") {
        let Some((_, behind)) = comment.split_once("*/") else { return false };
        rest = behind.trim_start();
    }
    rest.is_empty() || rest.starts_with('#')
}

/// The start of the first of the comment lines directly above `line`; `line` where there are none.
pub(super) fn comment_lines_above(source: &Source, mut line: usize) -> usize {
    while let Some(above) = comment_line_above(source, line) {
        line = above;
    }
    line
}

/// The start of the line above `line`, where that line is a comment and nothing else: what looks like
/// one may lie inside a longer block comment or a string.
fn comment_line_above(source: &Source, line: usize) -> Option<usize> {
    let text = source.text();
    let above = line_start(text, line.checked_sub(1)?);
    let comment = text[above..line].trim();
    let start = size(line - text[above..line].trim_start().len());
    let token = source.root().token_at_offset(start).right_biased()?;
    // A `#` comment of a file with CRLF holds the `\r`.
    let is_comment = token.kind() == SyntaxKind::TOKEN_COMMENT
        && token.text_range().start() == start
        && token.text().trim_end() == comment;
    is_comment.then_some(above)
}

/// The comment lines directly above `offset`, outermost first, without their indentation.
pub(in crate::nix) fn comments_above(source: &Source, offset: usize) -> Vec<String> {
    let text = source.text();
    let mut line = line_start(text, offset);
    let mut comments = Vec::new();
    if !is_blank(&text[line..offset]) {
        return comments;
    }
    while let Some(above) = comment_line_above(source, line) {
        comments.push(text[above..line].trim().to_owned());
        line = above;
    }
    comments.reverse();
    comments
}

/// Where the comments in a range begin and end.
pub(in crate::nix) fn comments_within(
    source: &Source,
    range: Range<usize>,
) -> impl Iterator<Item = Range<usize>> {
    let inside = TextRange::new(size(range.start), size(range.end));
    let tokens = source.root().covering_element(inside).ancestors().next();
    let tokens = tokens.into_iter().flat_map(|node| node.descendants_with_tokens());
    let comments = tokens.filter(|token| token.kind() == SyntaxKind::TOKEN_COMMENT);
    comments
        .map(|comment| comment.text_range().start().into()..comment.text_range().end().into())
        .filter(move |comment: &Range<usize>| range.start <= comment.start && comment.end <= range.end)
}

fn size(offset: usize) -> TextSize {
    TextSize::new(u32::try_from(offset).unwrap_or(u32::MAX))
}
