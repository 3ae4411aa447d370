//! What a flake-parts module says, item by item: what it imports and what it defines, at the top and in
//! `perSystem`, each with the code that would have to go along if it went elsewhere.

use rnix::SyntaxKind;

use super::Source;
use super::code::{Node, Path};
use super::module::{elements, module_expressions};

/// One thing that a module says.
#[derive(Debug, Clone)]
pub(super) struct Item<'a> {
    pub(super) what: What<'a>,
    /// Whether it is said in `perSystem`.
    pub(super) of_system: bool,
    /// The function that gives the module's arguments, where the module is one.
    pub(super) function: Option<Node<'a>>,
    /// The function of `perSystem`, for what stands inside of it.
    pub(super) per_system: Option<Node<'a>>,
    /// The conditions that it stands under, outermost first.
    pub(super) conditions: Vec<Condition<'a>>,
}

/// `optionalAttrs condition { … }`, `mkIf condition { … }`, `if condition then { … } else { … }`
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition<'a> {
    pub(super) condition: Node<'a>,
    /// All of it.
    pub(super) part: Node<'a>,
}

#[derive(Debug, Clone)]
pub(super) enum What<'a> {
    /// An element of `imports`.
    Import(Node<'a>),
    /// A definition of an option of the top (`flake.x`), or of `perSystem` (`treefmt`).
    Definition {
        /// The option's path; a computed name is `None`.
        path: Path<'a>,
        binding: Node<'a>,
        /// The names that stand outside of the binding, at the sets around it.
        prefix: Path<'a>,
    },
    /// Code that may say anything.
    Opaque(Node<'a>),
}

impl<'a> Item<'a> {
    pub(super) fn node(&self) -> Node<'a> {
        match self.what {
            What::Import(node) | What::Definition { binding: node, .. } | What::Opaque(node) => node,
        }
    }
}

impl Source {
    /// What a module says; of a flake.nix, what the module says that is given to `mkFlake`.
    pub(super) fn items(&self, is_flake: bool) -> Vec<Item<'_>> {
        let mut walk = Walk { items: Vec::new() };
        for module in module_expressions(self, is_flake) {
            let around =
                Around { function: None, per_system: None, of_system: false, conditions: Vec::new() };
            walk.part(module, &around);
        }
        walk.items
    }
}

/// What a module says that is written out where it is imported, at the top or in `perSystem`, and what
/// those say that it imports in the same way.
pub(super) fn items_in(element: Node<'_>, of_system: bool) -> Vec<Item<'_>> {
    let mut written = vec![(element, of_system)];
    let mut items = Vec::new();
    while let Some((element, of_system)) = written.pop() {
        let mut walk = Walk { items: Vec::new() };
        walk.part(element, &Around { function: None, per_system: None, of_system, conditions: Vec::new() });
        for item in walk.items {
            match item.what {
                What::Import(inner) if is_written(inner) => written.push((inner, item.of_system)),
                _ => items.push(item),
            }
        }
    }
    items
}

/// Whether an element of `imports` is a module itself.
pub(super) fn is_written(element: Node<'_>) -> bool {
    matches!(element.bare().kind(), SyntaxKind::NODE_ATTR_SET | SyntaxKind::NODE_LAMBDA)
}

#[derive(Clone)]
struct Around<'a> {
    function: Option<Node<'a>>,
    per_system: Option<Node<'a>>,
    of_system: bool,
    conditions: Vec<Condition<'a>>,
}

struct Walk<'a> {
    items: Vec<Item<'a>>,
}

impl<'a> Walk<'a> {
    fn push(&mut self, what: What<'a>, around: &Around<'a>) {
        let Around { function, per_system, of_system, conditions } = around.clone();
        self.items.push(Item { what, of_system, function, per_system, conditions });
    }

    /// Something that stands where a module may stand.
    fn part(&mut self, node: Node<'a>, around: &Around<'a>) {
        let node = node.bare();
        let under = |condition: Option<Node<'a>>| {
            let mut around = around.clone();
            around.conditions.extend(condition.map(|condition| Condition { condition, part: node }));
            around
        };
        match node.kind() {
            SyntaxKind::NODE_ATTR_SET => self.set(node, &Vec::new(), around),
            SyntaxKind::NODE_LAMBDA => {
                let mut inside = around.clone();
                let function = if around.of_system { &mut inside.per_system } else { &mut inside.function };
                function.get_or_insert(node);
                node.last_child().into_iter().for_each(|body| self.part(body, &inside));
            }
            SyntaxKind::NODE_LET_IN | SyntaxKind::NODE_WITH => {
                node.last_child().into_iter().for_each(|body| self.part(body, around));
            }
            SyntaxKind::NODE_LIST => node.children().for_each(|part| self.part(part, around)),
            SyntaxKind::NODE_BIN_OP if node.operator() == Some(SyntaxKind::TOKEN_UPDATE) => {
                node.children().for_each(|part| self.part(part, around));
            }
            SyntaxKind::NODE_IF_ELSE => {
                let inside = under(node.child(0));
                node.children().skip(1).for_each(|part| self.part(part, &inside));
            }
            SyntaxKind::NODE_APPLY => {
                let (function, arguments) = node.application();
                match (function.last_name(), arguments.as_slice()) {
                    (Some("mkIf" | "optionalAttrs"), [condition, part]) => {
                        self.part(*part, &under(Some(*condition)));
                    }
                    (Some("mkMerge"), [list]) => self.part(*list, around),
                    _ => self.push(What::Opaque(node), around),
                }
            }
            _ => self.push(What::Opaque(node), around),
        }
    }

    /// A set of definitions, which stand below `prefix`.
    fn set(&mut self, set: Node<'a>, prefix: &Path<'a>, around: &Around<'a>) {
        for child in set.children() {
            match child.kind() {
                SyntaxKind::NODE_ATTRPATH_VALUE => {
                    let path: Path<'a> = prefix.iter().copied().chain(child.names()).collect();
                    self.binding(child, prefix, path, around);
                }
                SyntaxKind::NODE_INHERIT => self.push(What::Opaque(child), around),
                _ => {}
            }
        }
    }

    fn binding(&mut self, binding: Node<'a>, prefix: &Path<'a>, path: Path<'a>, around: &Around<'a>) {
        let Some(value) = binding.value() else { return };
        let is_set = value.bare().kind() == SyntaxKind::NODE_ATTR_SET;
        let below = path.strip_prefix(&[Some("config")][..]).unwrap_or(&path);
        let (below, around) = match below {
            [Some("perSystem"), rest @ ..] => (rest, &Around { of_system: true, ..around.clone() }),
            _ => (below, around),
        };
        match below {
            [] | [Some("flake")] if is_set => self.set(value.bare(), &path, around),
            [] => self.part(value, around),
            [None, ..] => self.push(What::Opaque(binding), around),
            [Some("imports")] => {
                for element in elements(value) {
                    self.push(What::Import(element), around);
                }
            }
            _ => {
                let (path, prefix) = (below.to_vec(), prefix.clone());
                self.push(What::Definition { path, binding, prefix }, around);
            }
        }
    }
}
