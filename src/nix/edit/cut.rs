//! Code taken out of a module: bindings, elements of lists, operands.

use super::Edits;
use super::lines::{is_blank, line_end, line_start};
use super::remove::cut_extents;
use crate::nix::Source;
use crate::nix::code::Node;

/// Takes bindings out of their sets, with the comments that belong to them.
pub(in crate::nix) fn cut_bindings(source: &Source, bindings: &[Node<'_>], edits: &mut Edits) {
    cut_extents(source, bindings.iter().map(|binding| (binding.start(), binding.end())), edits);
}

/// Takes elements out of a list, with the comments that belong to them.
pub(in crate::nix) fn cut_elements(source: &Source, elements: &[Node<'_>], edits: &mut Edits) {
    let text = source.text();
    let alone = |element: &Node<'_>| {
        let before = &text[line_start(text, element.start())..element.start()];
        let behind = text[element.end()..line_end(text, element.end())].trim();
        is_blank(before) && (behind.is_empty() || behind.starts_with('#'))
    };
    let (lines, inline): (Vec<Node<'_>>, Vec<Node<'_>>) = elements.iter().copied().partition(alone);
    cut_extents(source, lines.into_iter().map(|element| (element.start(), element.end())), edits);
    for element in inline {
        let space = text[..element.start()].len() - text[..element.start()].trim_end().len();
        edits.cut(element.start() - space, element.end());
    }
}

/// Takes operands out of a chain of one operator, `a // b // c`, of which at least one stays.
pub(in crate::nix) fn cut_operands(operands: &[Node<'_>], leaving: &[Node<'_>], edits: &mut Edits) {
    let Some(first) = operands.iter().position(|operand| !leaving.contains(operand)) else { return };
    if let (Some(start), Some(kept)) = (operands.first().filter(|_| first > 0), operands.get(first)) {
        edits.cut(start.start(), kept.start());
    }
    for pair in operands.windows(2).skip(first) {
        if let [before, operand] = pair
            && leaving.contains(operand)
        {
            edits.cut(before.end(), operand.end());
        }
    }
}
