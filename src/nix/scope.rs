//! Who binds a name: rnix gives no scopes, so this walks outwards as Nix's parser does.

use std::collections::HashMap;

use rnix::ast;
use rnix::{SyntaxKind, SyntaxNode};
use rowan::ast::AstNode as _;

use super::syntax::attr_name;

/// A variable: the `let`, `rec` set or function that binds it, and its name there.
pub(super) type Variable = (SyntaxNode, String);

/// Where one file uses its variables.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    uses: HashMap<Variable, Vec<SyntaxNode>>,
    /// Names that nothing binds, but that stand inside a `with`: the use and the `with`s around it.
    pub(super) in_with: Vec<(SyntaxNode, String)>,
}

impl Scopes {
    pub(super) fn of(root: &SyntaxNode) -> Scopes {
        let mut scopes = Scopes::default();
        for node in root.descendants().filter(|node| node.kind() == SyntaxKind::NODE_IDENT) {
            let name = node.text().to_string();
            let Some(parent) = node.parent() else { continue };
            let from = match parent.kind() {
                SyntaxKind::NODE_ATTRPATH | SyntaxKind::NODE_PAT_BIND | SyntaxKind::NODE_IDENT_PARAM => {
                    continue;
                }
                SyntaxKind::NODE_PAT_ENTRY if parent.first_child().as_ref() == Some(&node) => continue,
                SyntaxKind::NODE_INHERIT => match ast::Inherit::cast(parent.clone()) {
                    // `inherit (set) name`: the name is an attribute, no variable.
                    Some(inherit) if inherit.from().is_some() => continue,
                    // `inherit name`: looked up outside of the set or `let` that inherits it.
                    _ => parent.parent(),
                },
                _ => Some(node.clone()),
            };
            match from.and_then(|from| binder(&from, &name)) {
                Some(Binder::Bound(scope)) => scopes.uses.entry((scope, name)).or_default().push(node),
                Some(Binder::With) => scopes.in_with.push((node, name)),
                None => {}
            }
        }
        scopes
    }

    pub(super) fn uses(&self, variable: &Variable) -> &[SyntaxNode] {
        self.uses.get(variable).map_or(&[], Vec::as_slice)
    }

    /// All variables, with their uses.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&Variable, &[SyntaxNode])> {
        self.uses.iter().map(|(variable, uses)| (variable, uses.as_slice()))
    }

    /// The uses of function arguments of this name, but for those of the function `but`.
    pub(super) fn arguments<'a>(
        &'a self,
        name: &'a str,
        but: Option<&'a SyntaxNode>,
    ) -> impl Iterator<Item = &'a SyntaxNode> {
        self.variables()
            .filter(move |((scope, bound), _)| {
                bound == name && scope.kind() == SyntaxKind::NODE_LAMBDA && Some(scope) != but
            })
            .flat_map(|(_, uses)| uses)
    }
}

/// Who binds a use of a name.
pub(super) enum Binder {
    /// This `let`, `rec` set or function.
    Bound(SyntaxNode),
    /// Nothing, but a `with` may.
    With,
}

/// Walks outwards from `from` (a node whose own bindings do not count) to who binds `name`.
pub(super) fn binder(from: &SyntaxNode, name: &str) -> Option<Binder> {
    let mut with = false;
    let mut inner = from.clone();
    while let Some(node) = inner.parent() {
        let binds = match node.kind() {
            SyntaxKind::NODE_LET_IN => ast::LetIn::cast(node.clone()).is_some_and(|it| binds(&it, name)),
            SyntaxKind::NODE_LEGACY_LET => {
                ast::LegacyLet::cast(node.clone()).is_some_and(|it| binds(&it, name))
            }
            SyntaxKind::NODE_ATTR_SET => ast::AttrSet::cast(node.clone())
                .is_some_and(|it| it.rec_token().is_some() && binds(&it, name)),
            SyntaxKind::NODE_LAMBDA => ast::Lambda::cast(node.clone())
                .and_then(|lambda| lambda.param())
                .is_some_and(|param| parameters(&param).iter().any(|bound| bound == name)),
            SyntaxKind::NODE_WITH => {
                let namespace = ast::With::cast(node.clone()).and_then(|it| it.namespace());
                with |= namespace.is_none_or(|namespace| *namespace.syntax() != inner);
                false
            }
            _ => false,
        };
        if binds {
            return Some(Binder::Bound(node));
        }
        inner = node;
    }
    with.then_some(Binder::With)
}

fn binds(scope: &impl ast::HasEntry, name: &str) -> bool {
    let first = |path: ast::Attrpath| path.attrs().next().and_then(|attr| attr_name(&attr));
    scope.attrpath_values().any(|it| it.attrpath().and_then(first).as_deref() == Some(name))
        || scope.inherits().flat_map(|it| it.attrs()).any(|attr| attr_name(&attr).as_deref() == Some(name))
}

/// The names that a function's parameter binds.
pub(super) fn parameters(param: &ast::Param) -> Vec<String> {
    let text = |ident: ast::Ident| ident.syntax().text().to_string();
    match param {
        ast::Param::IdentParam(param) => param.ident().map(text).into_iter().collect(),
        ast::Param::Pattern(pattern) => pattern
            .pat_entries()
            .filter_map(|entry| entry.ident())
            .chain(pattern.pat_bind().and_then(|bind| bind.ident()))
            .map(text)
            .collect(),
    }
}
