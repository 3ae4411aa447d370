//! What leaves a file taken out of it.

use std::collections::BTreeMap;
use std::ops::Range;

use rnix::SyntaxKind;

use super::leaving::{Leaving, Piece, Whole};
use super::{Relocating, Stuck};
use crate::nix::code::Node;
use crate::nix::edit::{Edits, comments_within, cut_bindings, cut_elements, cut_operands, extent};
use crate::nix::items::Item;
use crate::nix::project::{ProjectFile, Role};

/// The edits that take out of each file what leaves it.
pub(super) fn edits(
    relocating: &Relocating<'_>,
    files: &BTreeMap<usize, Leaving<'_>>,
    whole: &Whole,
) -> Result<BTreeMap<usize, Edits>, Vec<Stuck>> {
    let (mut all, mut stuck) = (BTreeMap::new(), Vec::new());
    for (at, leaving) in files.iter().filter(|(at, _)| !whole.contains(**at)) {
        let Some(file) = relocating.project.files.get(*at) else { continue };
        match Cut::new(relocating, file, leaving, whole).edits(relocating) {
            Ok(Some(edits)) => {
                all.insert(*at, edits);
            }
            Ok(None) => {}
            Err(reason) => stuck.push(reason),
        }
    }
    if stuck.is_empty() { Ok(all) } else { Err(stuck) }
}

/// All that leaves one file.
pub(super) struct Cut<'a> {
    file: &'a ProjectFile,
    pieces: Vec<Piece<'a>>,
    all: Vec<Item<'a>>,
    /// Whether `imports` stay, empty as they may be: the partition is going to be imported there.
    keeps_imports: bool,
}

impl<'a> Cut<'a> {
    pub(super) fn new(
        relocating: &Relocating<'_>,
        file: &'a ProjectFile,
        leaving: &Leaving<'a>,
        whole: &Whole,
    ) -> Cut<'a> {
        let imported = leaving.imports.iter().filter(|(module, ..)| whole.contains(*module));
        let imports = imported.map(|(.., element)| Piece::Import(*element));
        let is_flake = file.role == Role::Flake;
        Cut {
            file,
            pieces: leaving.pieces.iter().map(|(piece, _)| *piece).chain(imports).collect(),
            all: file.source.items(is_flake),
            keeps_imports: is_flake && relocating.project.trees.is_empty(),
        }
    }

    /// The binding of `imports` or `perSystem` around a piece of which nothing is left, so that the whole of
    /// it goes.
    pub(super) fn emptied(&self, node: Node<'a>) -> Option<Node<'a>> {
        let is_emptied = |outer: &Node<'a>| {
            let is_kept = match outer.names().last() {
                Some(Some("imports")) => self.keeps_imports,
                Some(Some("config" | "flake" | "perSystem")) => false,
                _ => true,
            };
            let is_binding = outer.kind() == SyntaxKind::NODE_ATTRPATH_VALUE;
            is_binding && !is_kept && self.is_left_by_all(*outer)
        };
        node.ancestors().skip(1).filter(is_emptied).last()
    }

    /// The element around a piece of a list that is merged, of which nothing is left.
    pub(super) fn emptied_element(&self, node: Node<'a>) -> Option<Node<'a>> {
        let is_element = |outer: &Node<'a>| {
            outer.parent().is_some_and(|list| list.kind() == SyntaxKind::NODE_LIST)
                && self.is_left_by_all(*outer)
        };
        node.ancestors().skip(1).filter(is_element).last()
    }

    /// Whether nothing is left of some code.
    fn is_left_by_all(&self, outer: Node<'_>) -> bool {
        let leaves = |it: &Item<'_>| self.pieces.iter().any(|piece| piece.node().contains(it.node()));
        self.all.iter().filter(|it| outer.contains(it.node())).all(leaves) && !self.leaves_comments(outer)
    }

    /// Whether there are comments in code that belong to nothing that leaves it.
    fn leaves_comments(&self, outer: Node<'_>) -> bool {
        let source = &self.file.source;
        let inside =
            self.pieces.iter().map(|piece| in_parentheses(piece.node())).filter(|node| outer.contains(*node));
        let extents: Vec<Range<usize>> =
            inside.map(|node| extent(source, node.start(), node.end())).collect();
        let mut comments = comments_within(source, outer.start()..outer.end());
        comments.any(|comment| !extents.iter().any(|extent| extent.contains(&comment.start)))
    }

    fn edits(&self, relocating: &Relocating<'_>) -> Result<Option<Edits>, Stuck> {
        if self.pieces.is_empty() {
            return Ok(None);
        }
        let source = &self.file.source;
        let mut bindings: Vec<Node<'a>> = Vec::new();
        let mut rest: Vec<Node<'a>> = Vec::new();
        for piece in &self.pieces {
            let node = piece.node();
            match (self.emptied(node), piece) {
                (Some(binding), _) => bindings.push(binding),
                (None, Piece::Definition(binding)) => match self.emptied_element(node) {
                    Some(element) => rest.push(element),
                    None => bindings.push(*binding),
                },
                (None, _) => rest.push(in_parentheses(node)),
            }
        }
        bindings.sort_by_key(|binding| binding.number());
        bindings.dedup();
        // A binding inside of another goes with that.
        let outer = bindings.clone();
        bindings.retain(|inner| !outer.iter().any(|outer| outer != inner && outer.contains(*inner)));
        let mut edits = Edits::default();
        cut_bindings(source, &bindings, &mut edits);
        rest.sort_by_key(|node| node.number());
        rest.dedup();
        let mut elements: Vec<Node<'a>> = Vec::new();
        for node in &rest {
            let Some(parent) = node.parent() else { continue };
            match parent.kind() {
                SyntaxKind::NODE_LIST => elements.push(*node),
                SyntaxKind::NODE_BIN_OP => {
                    let operands = operands(parent);
                    cut_operands(&operands, &rest, &mut edits);
                }
                _ => {
                    let why = "flakepart does not see how to take it out of the code around it".to_owned();
                    return Err(relocating.stuck(self.file, *node, why));
                }
            }
        }
        cut_elements(source, &elements, &mut edits);
        Ok(Some(edits.without_doubles()))
    }
}

/// A node with the parentheses around it.
pub(super) fn in_parentheses(node: Node<'_>) -> Node<'_> {
    let parentheses = node.ancestors().skip(1).take_while(|outer| outer.kind() == SyntaxKind::NODE_PAREN);
    parentheses.last().unwrap_or(node)
}

/// All operands of the chain of one operator that `operation` is a part of.
fn operands(operation: Node<'_>) -> Vec<Node<'_>> {
    let operator = operation.operator();
    let is_part = |node: &Node<'_>| node.operator() == operator;
    let top = operation.ancestors().take_while(is_part).last().unwrap_or(operation);
    let (mut queue, mut operands) = (vec![top], Vec::new());
    while let Some(node) = queue.pop() {
        if is_part(&node) { queue.extend(node.children()) } else { operands.push(node) }
    }
    operands.sort_by_key(|operand| operand.number());
    operands
}
