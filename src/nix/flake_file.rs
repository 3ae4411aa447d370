//! What modules say of inputs where flake-file writes flake.nix from it: `flake-file.inputs.x.url = "…"`.

use std::collections::BTreeSet;

use rnix::SyntaxKind;

use super::Source;
use super::code::Node;
use super::edit::{Edits, cut_bindings};

const OPTION: &str = "flake-file";

/// One thing that a module says of an input, for flake.nix to say it, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared<'a> {
    /// The input.
    pub input: &'a str,
    /// Where it stands below the input: `["url"]`, `["inputs", "nixpkgs", "follows"]`.
    pub path: Vec<&'a str>,
    /// The value: a string, or code as it is written.
    pub value: &'a str,
}

impl Source {
    /// What a module says of inputs for flake-file.
    #[must_use]
    pub fn declared(&self, is_flake: bool) -> Vec<Declared<'_>> {
        self.sayings(is_flake).into_iter().map(|(said, _)| said).collect()
    }

    /// Takes out of a module what it says of the inputs `names`, and the sets that hold nothing else.
    #[must_use]
    pub fn undeclare(&self, is_flake: bool, names: &BTreeSet<&str>) -> Edits {
        let said = self.sayings(is_flake).into_iter().filter(|(said, _)| names.contains(said.input));
        let mut cut: Vec<Node<'_>> = said.map(|(_, binding)| binding).collect();
        loop {
            let numbers: BTreeSet<u32> = cut.iter().map(|binding| binding.number()).collect();
            let outer = |binding: &Node<'_>| match emptied(*binding, &numbers) {
                Some(outer) if !binding.names().contains(&Some(OPTION)) => outer.number(),
                _ => binding.number(),
            };
            let next: BTreeSet<u32> = cut.iter().map(outer).collect();
            if next == numbers {
                break;
            }
            cut = next.into_iter().map(|number| self.code().node(number)).collect();
        }
        let mut edits = Edits::default();
        cut_bindings(self, &cut, &mut edits);
        edits
    }

    fn sayings(&self, is_flake: bool) -> Vec<(Declared<'_>, Node<'_>)> {
        let definitions = self.definitions(is_flake).into_iter();
        let sayings = definitions.filter_map(|definition| {
            let names: Vec<&str> = definition.path.iter().copied().collect::<Option<_>>()?;
            let [OPTION, "inputs", input, path @ ..] = names.as_slice() else { return None };
            let value = without_priority(definition.value.bare());
            let value = value.string().unwrap_or(value.text());
            Some((Declared { input, path: path.to_vec(), value }, definition.binding))
        });
        sayings.collect()
    }
}

/// The binding of the set that a binding stands in, if all that is in there is `cut`.
fn emptied<'a>(binding: Node<'a>, cut: &BTreeSet<u32>) -> Option<Node<'a>> {
    let set = binding.parent()?;
    let holder = set.ancestors().skip(1).find(|outer| outer.kind() != SyntaxKind::NODE_PAREN)?;
    let all = set.children().all(|child| cut.contains(&child.number()));
    (all && holder.kind() == SyntaxKind::NODE_ATTRPATH_VALUE).then_some(holder)
}

/// The value in `lib.mkDefault value`.
fn without_priority(value: Node<'_>) -> Node<'_> {
    let (function, arguments) = value.application();
    match (function.last_name(), arguments.as_slice()) {
        (Some("mkDefault" | "mkForce"), [value]) => value.bare(),
        _ => value,
    }
}
