//! Who reads what: where modules read options and arguments, and where code names a file. Gathered once
//! for all files, because values that are followed come by here again and again.

use std::collections::{HashMap, HashSet};

use rnix::ast;
use rnix::{SyntaxKind, SyntaxNode};
use rowan::ast::AstNode as _;

use super::scope::{Binder, Scopes, binder};
use super::syntax::{AttrPath, attr_path};
use super::usage::{Project, Role};

/// A place that reads something, and the names that it reads below it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) file: usize,
    pub(super) node: SyntaxNode,
    names: AttrPath,
}

/// Who reads what in the files of a flake.
#[derive(Debug, Default)]
pub(super) struct Readers {
    /// Whatever may be a module's `config`.
    configs: Vec<Place>,
    /// Whatever may be a function's argument of this name.
    arguments: HashMap<String, Vec<Place>>,
    /// Path literals: which file they lead to, and where they stand.
    references: HashMap<usize, Vec<(usize, SyntaxNode)>>,
    /// The options that the flake's own modules declare.
    known_options: HashSet<String>,
    /// The further `perSystem` options that become flake outputs (`transposition.x = { }`).
    transposed: HashSet<String>,
}

impl Readers {
    pub(super) fn new(project: &Project, scopes: &[Scopes]) -> Readers {
        let mut readers = Readers::default();
        for (file, (entry, scopes)) in project.files.iter().zip(scopes).enumerate() {
            readers.index_variables(file, scopes);
            let is_module = matches!(entry.role, Role::Flake | Role::Module);
            for node in entry.source.root().descendants() {
                match node.kind() {
                    SyntaxKind::NODE_SELECT => readers.index_selection(file, &node),
                    SyntaxKind::NODE_PATH_REL | SyntaxKind::NODE_STRING | SyntaxKind::NODE_BIN_OP => {
                        for target in project.reached_by(file, &node) {
                            readers.references.entry(target).or_default().push((file, node.clone()));
                        }
                    }
                    // NixOS modules have options, too, which are not flake-parts'.
                    SyntaxKind::NODE_ATTRPATH_VALUE if is_module => {
                        readers.known_options.extend(name_below("options", &node));
                        readers.transposed.extend(name_below("transposition", &node));
                    }
                    _ => {}
                }
            }
        }
        // Hash maps have no order of their own, but the first reason that is found is the one that is told.
        for places in readers.arguments.values_mut().chain([&mut readers.configs]) {
            places.sort_by_key(|place| (place.file, place.node.text_range().start()));
        }
        readers
    }

    /// Uses of function arguments, and of anything called `config`: by `let inherit (args) config` it
    /// need not be an argument.
    fn index_variables(&mut self, file: usize, scopes: &Scopes) {
        let place = |node: &SyntaxNode| Place { file, node: node.clone(), names: Vec::new() };
        for ((scope, name), uses) in scopes.variables() {
            if scope.kind() == SyntaxKind::NODE_LAMBDA {
                self.arguments.entry(name.clone()).or_default().extend(uses.iter().map(place));
            }
            if name == "config" {
                self.configs.extend(uses.iter().map(place));
            }
        }
        for (node, name) in &scopes.in_with {
            self.arguments.entry(name.clone()).or_default().push(place(node));
            if name == "config" {
                self.configs.push(place(node));
            }
        }
    }

    /// `args.pkgs.x` and `top.config.x`
    fn index_selection(&mut self, file: usize, node: &SyntaxNode) {
        let Some(select) = ast::Select::cast(node.clone()) else { return };
        let names = select.attrpath().map(|path| attr_path(&path)).unwrap_or_default();
        let place = |taken: usize| Place { file, node: node.clone(), names: names[taken..].to_vec() };
        if let Some(at) = names.iter().position(|name| name.as_deref() == Some("config")) {
            self.configs.push(place(at + 1));
        }
        let base = select.expr().filter(|base| matches!(base, ast::Expr::Ident(_)));
        let of_arguments = base.is_some_and(|base| {
            let bound = binder(base.syntax(), &base.syntax().text().to_string());
            matches!(bound, Some(Binder::Bound(scope)) if scope.kind() == SyntaxKind::NODE_LAMBDA)
        });
        if let (true, Some(Some(first))) = (of_arguments, names.first()) {
            self.arguments.entry(first.clone()).or_default().push(place(1));
        }
    }

    /// The places that read the option at `path`, each with what is left of the path there.
    pub(super) fn of_option(&self, path: &[Option<String>]) -> Vec<(&Place, AttrPath)> {
        reading(&self.configs, path)
    }

    /// The places that read `path` in the module argument `name`, each with what is left of the path.
    pub(super) fn of_argument(&self, name: &str, path: &[Option<String>]) -> Vec<(&Place, AttrPath)> {
        reading(self.arguments.get(name).map_or(&[], Vec::as_slice), path)
    }

    /// The path literals that lead to a file: where they stand.
    pub(super) fn of_file(&self, file: usize) -> &[(usize, SyntaxNode)] {
        self.references.get(&file).map_or(&[], Vec::as_slice)
    }

    /// Whether a module of this flake declares the option.
    pub(super) fn knows_option(&self, name: &str) -> bool {
        self.known_options.contains(name)
    }

    /// Whether a module makes an output of this `perSystem` option.
    pub(super) fn is_transposed(&self, name: &str) -> bool {
        self.transposed.contains(name)
    }
}

fn reading<'a>(places: &'a [Place], path: &[Option<String>]) -> Vec<(&'a Place, AttrPath)> {
    places.iter().filter_map(|place| Some((place, below(&place.names, path)?))).collect()
}

/// The `x` of a binding `set.x = …`, or of `x = …` directly inside `set = { … }`.
fn name_below(set: &str, binding: &SyntaxNode) -> Option<String> {
    let names = |node: SyntaxNode| Some(attr_path(&ast::AttrpathValue::cast(node)?.attrpath()?));
    let is_set = |name: &Option<String>| name.as_deref() == Some(set);
    let path = names(binding.clone())?;
    let outer = binding.parent().and_then(|inner| inner.parent()).and_then(names).unwrap_or_default();
    if outer.last().is_some_and(is_set) {
        return path.into_iter().next().flatten();
    }
    // In `config.set.x`, too.
    let at = path.iter().take(2).position(is_set)?;
    path.into_iter().nth(at + 1).flatten()
}

/// What is left of a tainted `path` when `names` are selected: `None` where they part.
pub(super) fn below(names: &[Option<String>], path: &[Option<String>]) -> Option<AttrPath> {
    let agree = names.iter().zip(path).all(|(name, part)| match (name, part) {
        (Some(name), Some(part)) => name == part,
        _ => true,
    });
    agree.then(|| path.iter().skip(names.len()).cloned().collect())
}
