//! Who binds a name: rnix gives no scopes, so this goes through a file as Nix's parser does.

use rnix::SyntaxKind;
use rustc_hash::FxHashMap;

use super::code::{Code, Node};

/// A variable: the `let`, `rec` set or function that binds it, and its name there.
pub(super) type Variable<'a> = (Node<'a>, &'a str);

/// Where one file uses its variables.
#[derive(Debug, Default)]
pub(super) struct Scopes<'a> {
    uses: FxHashMap<Variable<'a>, Vec<Node<'a>>>,
    /// Names that nothing binds, but that stand inside a `with`.
    pub(super) in_with: Vec<(Node<'a>, &'a str)>,
}

impl<'a> Scopes<'a> {
    pub(super) fn of(code: &'a Code) -> Scopes<'a> {
        let mut scopes = Scopes::default();
        // The scopes around a node, and by name those of them that bind it, innermost last.
        let mut open: Vec<(Node<'a>, Vec<&'a str>)> = Vec::new();
        let mut bound: FxHashMap<&'a str, Vec<Node<'a>>> = FxHashMap::default();
        let mut withs: Vec<Node<'a>> = Vec::new();
        for node in code.root().descendants() {
            while let Some((_, names)) = open.pop_if(|(scope, _)| !scope.contains(node)) {
                for name in names {
                    bound.get_mut(name).and_then(Vec::pop);
                }
            }
            while withs.pop_if(|body| body.number() < node.number() && !body.contains(node)).is_some() {}
            match node.kind() {
                SyntaxKind::NODE_WITH => withs.extend(node.child(1)),
                SyntaxKind::NODE_IDENT => {
                    let name = node.text();
                    let Some(outside) = looked_up(node) else { continue };
                    let binders = bound.get(name).map_or(&[][..], Vec::as_slice);
                    match binders.iter().rev().find(|scope| Some(**scope) != outside) {
                        Some(scope) => scopes.uses.entry((*scope, name)).or_default().push(node),
                        None if withs.iter().any(|body| body.contains(node)) => {
                            scopes.in_with.push((node, name));
                        }
                        None => {}
                    }
                }
                _ => {
                    let names = binds(node);
                    if !names.is_empty() {
                        for name in &names {
                            bound.entry(name).or_default().push(node);
                        }
                        open.push((node, names));
                    }
                }
            }
        }
        scopes
    }

    pub(super) fn uses(&self, variable: &Variable<'a>) -> &[Node<'a>] {
        self.uses.get(variable).map_or(&[], Vec::as_slice)
    }

    /// All variables, with their uses.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&Variable<'a>, &[Node<'a>])> {
        self.uses.iter().map(|(variable, uses)| (variable, uses.as_slice()))
    }

    /// The uses of function arguments of this name, but for those of the function `but`.
    pub(super) fn arguments(&self, name: &str, but: Option<Node<'a>>) -> impl Iterator<Item = Node<'a>> {
        self.variables()
            .filter(move |((scope, bound), _)| {
                *bound == name && scope.kind() == SyntaxKind::NODE_LAMBDA && Some(*scope) != but
            })
            .flat_map(|(_, uses)| uses.iter().copied())
    }
}

/// Whether an identifier is a variable. Gives the scope that does not count when it is looked up: the
/// set or `let` that `inherit`s it.
fn looked_up(node: Node<'_>) -> Option<Option<Node<'_>>> {
    let parent = node.parent()?;
    match parent.kind() {
        SyntaxKind::NODE_ATTRPATH | SyntaxKind::NODE_PAT_BIND | SyntaxKind::NODE_IDENT_PARAM => None,
        SyntaxKind::NODE_PAT_ENTRY if parent.child(0) == Some(node) => None,
        // `inherit (set) name`: the name is an attribute, no variable.
        SyntaxKind::NODE_INHERIT if parent.source().is_some() => None,
        SyntaxKind::NODE_INHERIT => Some(parent.parent()),
        _ => Some(None),
    }
}

/// The names that a node binds for what is inside of it.
fn binds(node: Node<'_>) -> Vec<&str> {
    let mut names: Vec<&str> = match node.kind() {
        SyntaxKind::NODE_LET_IN | SyntaxKind::NODE_LEGACY_LET => entries(node),
        SyntaxKind::NODE_ATTR_SET if node.is_rec() => entries(node),
        SyntaxKind::NODE_LAMBDA => node.child(0).map(parameters).unwrap_or_default(),
        _ => Vec::new(),
    };
    // `a.b = 1; a.c = 2;` bind `a` once.
    names.sort_unstable();
    names.dedup();
    names
}

fn entries(scope: Node<'_>) -> Vec<&str> {
    let bound = scope.bindings().filter_map(|it| it.path()?.child(0)?.name());
    let inherits = scope.children().filter(|child| child.kind() == SyntaxKind::NODE_INHERIT);
    bound.chain(inherits.flat_map(Node::inherited).filter_map(Node::name)).collect()
}

/// The names that a function's parameter binds.
pub(super) fn parameters(parameter: Node<'_>) -> Vec<&str> {
    match parameter.kind() {
        SyntaxKind::NODE_PATTERN => {
            parameter.children().filter_map(|it| it.child(0)).map(Node::text).collect()
        }
        _ => parameter.child(0).map(Node::text).into_iter().collect(),
    }
}
