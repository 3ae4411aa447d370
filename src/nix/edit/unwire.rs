//! The wiring of a partition taken out of a module.

use std::collections::HashSet;

use rnix::SyntaxKind;

use super::Edits;
use super::cut::{cut_bindings, cut_elements};
use crate::nix::code::{Node, Path};
use crate::nix::module::{elements, module_expressions, parts, routes};
use crate::nix::{NixError, Source};

/// A module without the wiring of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwired {
    /// What makes it so.
    pub edits: Edits,
    /// The modules that the partition had besides the root's, as elements of a list.
    pub modules: Vec<String>,
    /// Whether nothing is left in it.
    pub is_empty: bool,
}

/// Takes what wires `partition` out of a module, or of what a flake.nix gives to `mkFlake`; with
/// `and_option` also the import of flake-parts' own module for partitions. `None` where there is no such
/// thing.
pub fn unwire(
    source: &Source,
    is_flake: bool,
    partition: &str,
    and_option: bool,
) -> Result<Option<Unwired>, NixError> {
    let mut modules = Vec::new();
    for module in module_expressions(source, is_flake) {
        parts(module, &mut modules);
    }
    let mut walk = Walk {
        source,
        partition,
        and_option,
        leaving: Vec::new(),
        elements: Vec::new(),
        modules: Vec::new(),
    };
    for part in modules.iter().filter(|part| part.kind() == SyntaxKind::NODE_ATTR_SET) {
        walk.set(*part, &Vec::new())?;
    }
    if walk.leaving.is_empty() && walk.elements.is_empty() {
        return Ok(None);
    }
    let leaving = emptied(walk.leaving);
    let is_empty = !is_flake
        && modules.iter().all(|part| {
            part.kind() == SyntaxKind::NODE_ATTR_SET && part.children().all(|child| leaving.contains(&child))
        });
    let mut edits = Edits::default();
    let bindings: Vec<Node<'_>> = leaving.into_iter().collect();
    cut_bindings(source, &bindings, &mut edits);
    cut_elements(source, &walk.elements, &mut edits);
    Ok(Some(Unwired { edits, modules: walk.modules, is_empty }))
}

struct Walk<'a, 's> {
    source: &'a Source,
    partition: &'s str,
    and_option: bool,
    /// Bindings that go.
    leaving: Vec<Node<'a>>,
    /// Elements of lists that stay.
    elements: Vec<Node<'a>>,
    modules: Vec<String>,
}

impl<'a> Walk<'a, '_> {
    fn refused(&self, node: Node<'_>, what: &str) -> NixError {
        NixError::CannotEdit { line: self.source.line(node.start()), what: what.to_owned() }
    }

    /// What is said in a set below `prefix`.
    fn set(&mut self, set: Node<'a>, prefix: &Path<'a>) -> Result<(), NixError> {
        for child in set.children() {
            match child.kind() {
                SyntaxKind::NODE_ATTRPATH_VALUE => {
                    let path: Path<'a> = prefix.iter().copied().chain(child.names()).collect();
                    self.binding(child, path.strip_prefix(&[Some("config")][..]).unwrap_or(&path))?;
                }
                SyntaxKind::NODE_INHERIT if !prefix.is_empty() && *prefix != [Some("config")] => {
                    return Err(self.refused(child, "what is inherited here cannot be taken out"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn binding(&mut self, binding: Node<'a>, path: &[Option<&'a str>]) -> Result<(), NixError> {
        let Some(value) = binding.value().map(Node::bare) else { return Ok(()) };
        let is_set = value.kind() == SyntaxKind::NODE_ATTR_SET;
        match path {
            [] if is_set => self.set(value, &vec![Some("config")])?,
            [Some("partitionedAttrs" | "partitions")] if is_set => self.set(value, &path.to_vec())?,
            [Some("partitionedAttrs"), Some(_)] if value.string() == Some(self.partition) => {
                self.leaving.push(binding);
            }
            [Some("partitionedAttrs"), Some(_)] if value.string().is_some() => {}
            [Some("partitionedAttrs")] => match routes(value) {
                Some(routes) if routes.iter().all(|(_, partition)| *partition != self.partition) => {}
                Some(routes) if routes.iter().all(|(_, partition)| *partition == self.partition) => {
                    self.leaving.push(binding);
                }
                _ => return Err(self.computed(binding)),
            },
            [Some("partitionedAttrs"), ..] | [Some("partitions")] | [Some("partitions"), None, ..] => {
                return Err(self.computed(binding));
            }
            [Some("partitions"), Some(name), rest @ ..] if *name == self.partition => match rest {
                [] if is_set => self.set(value, &path.to_vec())?,
                [Some("extraInputsFlake")] => self.leaving.push(binding),
                [Some("module"), below @ ..] => {
                    self.modules.extend(modules(value, below));
                    self.leaving.push(binding);
                }
                _ => {
                    return Err(self.refused(binding, "this has no place at the root"));
                }
            },
            [Some("imports")] if self.and_option => self.imports(binding, value),
            _ => {}
        }
        Ok(())
    }

    fn computed(&self, binding: Node<'a>) -> NixError {
        self.refused(binding, "this is computed, so that the partition cannot be told from others")
    }

    fn imports(&mut self, binding: Node<'a>, value: Node<'a>) {
        let is_option = |element: &Node<'a>| {
            let names = element.names();
            element.kind() == SyntaxKind::NODE_SELECT
                && names.ends_with(&[Some("flakeModules"), Some("partitions")])
        };
        let all = elements(value);
        let options: Vec<Node<'a>> = all.iter().copied().filter(is_option).collect();
        if !options.is_empty() && options.len() == all.len() {
            self.leaving.push(binding);
        } else {
            self.elements.extend(options);
        }
    }
}

/// The modules that a partition's `module` is, or what stands `below` it.
fn modules(value: Node<'_>, below: &[Option<&str>]) -> Vec<String> {
    let imports = match below {
        [] if value.kind() == SyntaxKind::NODE_ATTR_SET => {
            match value.children().collect::<Vec<_>>().as_slice() {
                [only] if only.names() == [Some("imports")] => only.value().map(Node::bare),
                _ => None,
            }
        }
        [Some("imports")] => Some(value),
        _ => None,
    };
    if let Some(list) = imports.filter(|list| list.kind() == SyntaxKind::NODE_LIST) {
        return list.children().map(|element| element.text().to_owned()).collect();
    }
    let text = value.text();
    let names: Vec<String> = below.iter().flatten().map(|name| crate::nix::write::attribute(name)).collect();
    vec![match value.kind() {
        _ if !names.is_empty() => format!("{{ {} = {text}; }}", names.join(".")),
        SyntaxKind::NODE_LAMBDA
        | SyntaxKind::NODE_APPLY
        | SyntaxKind::NODE_LET_IN
        | SyntaxKind::NODE_WITH
        | SyntaxKind::NODE_IF_ELSE
        | SyntaxKind::NODE_BIN_OP => format!("({text})"),
        _ => text.to_owned(),
    }]
}

/// The bindings with, instead of all of a set, the binding that holds the set.
fn emptied(leaving: Vec<Node<'_>>) -> HashSet<Node<'_>> {
    let mut todo = leaving.clone();
    let mut leaving: HashSet<Node<'_>> = leaving.into_iter().collect();
    while let Some(binding) = todo.pop() {
        let Some(set) = binding.parent().filter(|_| leaving.contains(&binding)) else { continue };
        let holds = set.ancestors().skip(1).find(|it| it.kind() != SyntaxKind::NODE_PAREN);
        let holds = holds.filter(|it| it.kind() == SyntaxKind::NODE_ATTRPATH_VALUE);
        if let Some(holds) = holds
            && set.children().all(|child| leaving.contains(&child))
        {
            set.children().for_each(|child| {
                leaving.remove(&child);
            });
            leaving.insert(holds);
            todo.push(holds);
        }
    }
    leaving
}
