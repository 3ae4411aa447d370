//! Where one file touches the flake's inputs.

use std::collections::HashSet;

use rnix::ast;
use rnix::{SyntaxKind, SyntaxNode};
use rowan::ast::AstNode as _;

use super::declare::{flake_set, outputs_function};
use super::scope::Scopes;
use super::syntax::{application, attr_name, attr_path, last_name};
use super::{SiteKind, Source};

/// A place where an input, or all of them, is taken in hand.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    /// The input; `None` where the whole set goes somewhere, or the name is computed.
    pub(super) input: Option<String>,
    /// The expression whose value is the input or something taken from it.
    pub(super) node: SyntaxNode,
    pub(super) kind: SiteKind,
    /// False where a `with` may bring the name from somewhere else.
    pub(super) certain: bool,
    /// Whether it comes from the argument of flake.nix's `outputs`: these stay the root's inputs, also
    /// within a partition, whose modules get inputs of their own.
    pub(super) outer: bool,
}

/// What one file does with the flake's inputs.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    /// In the order of the text.
    pub(super) all: Vec<Mention>,
    /// Whether the flake itself, and with it its inputs, goes where it cannot be followed.
    pub(super) flake_escapes: bool,
}

/// What an expression stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Denotes {
    /// The set of inputs.
    Inputs,
    /// The flake itself.
    Flake,
}

/// Finds every mention of an input in a file. `names` are the flake's inputs.
pub(super) fn mentions(source: &Source, scopes: &Scopes, is_flake: bool, names: &[&str]) -> Mentions {
    let mut finder =
        Finder { scopes, names, found: Mentions::default(), queue: Vec::new(), seen: HashSet::new() };
    let outputs = finder.seed_outputs(source).filter(|_| is_flake);
    finder.run();
    for mention in &mut finder.found.all {
        mention.outer = true;
    }
    finder.seed_arguments(outputs.as_ref());
    finder.run();
    finder.strangers(source);
    finder.run();
    finder.found.all.sort_by_key(|mention| mention.node.text_range().start());
    finder.found
}

struct Finder<'a> {
    scopes: &'a Scopes,
    names: &'a [&'a str],
    found: Mentions,
    queue: Vec<(SyntaxNode, Denotes)>,
    /// The selections and inherits whose base is known to be the inputs or the flake.
    seen: HashSet<SyntaxNode>,
}

impl Finder<'_> {
    /// The argument of a flake.nix's `outputs` means the inputs, whatever it is called. Gives the function.
    fn seed_outputs(&mut self, source: &Source) -> Option<SyntaxNode> {
        let outputs = flake_set(source).and_then(|flake| outputs_function(source, &flake)).ok()?;
        let scope = outputs.syntax().clone();
        let text = |ident: ast::Ident| ident.syntax().text().to_string();
        let (whole, formals) = match outputs.param()? {
            ast::Param::IdentParam(param) => (param.ident().map(text), Vec::new()),
            ast::Param::Pattern(pattern) => (
                pattern.pat_bind().and_then(|bind| bind.ident()).map(text),
                pattern.pat_entries().filter_map(|entry| entry.ident()).map(text).collect(),
            ),
        };
        if let Some(whole) = whole {
            let uses = self.scopes.uses(&(scope.clone(), whole)).iter();
            self.queue.extend(uses.map(|node| (node.clone(), Denotes::Inputs)));
        }
        for name in formals {
            for node in self.scopes.uses(&(scope.clone(), name.clone())) {
                if name == "self" {
                    self.queue.push((node.clone(), Denotes::Flake));
                } else {
                    self.found.all.push(mention(Some(name.clone()), node.clone(), kind_of_argument(node)));
                }
            }
        }
        Some(scope)
    }

    /// What flake-parts calls its module arguments. `outputs` is the function that is none of a module.
    fn seed_arguments(&mut self, outputs: Option<&SyntaxNode>) {
        for (name, denotes) in
            [("inputs", Denotes::Inputs), ("inputs'", Denotes::Inputs), ("self", Denotes::Flake)]
        {
            let uses = self.scopes.arguments(name, outputs);
            self.queue.extend(uses.map(|node| (node.clone(), denotes)));
        }
        // Code in a file that is imported into a scope of its own may use the name unbound; Nix would
        // refuse that, so only a `with` can make it legal.
        let in_with = self.scopes.in_with.iter().filter(|(_, name)| name == "inputs");
        self.queue.extend(in_with.map(|(node, _)| (node.clone(), Denotes::Inputs)));
    }

    fn run(&mut self) {
        while let Some((node, denotes)) = self.queue.pop() {
            self.visit(&node, denotes);
        }
    }

    /// `args.inputs.x`, where `args` may be all arguments of a module, the flake under another name, or
    /// something that has its own `inputs`: nobody can tell, so whatever has `inputs` counts as the flake.
    fn strangers(&mut self, source: &Source) {
        let of_input: HashSet<SyntaxNode> =
            self.found.all.iter().map(|mention| mention.node.clone()).collect();
        let known = self.found.all.len();
        for node in source.root().descendants() {
            let base = match node.kind() {
                SyntaxKind::NODE_SELECT => ast::Select::cast(node.clone()).and_then(|it| it.expr()),
                SyntaxKind::NODE_INHERIT_FROM => {
                    ast::InheritFrom::cast(node.clone()).and_then(|it| it.expr())
                }
                _ => continue,
            };
            let of_input = base.is_none_or(|base| of_input.contains(base.syntax()));
            if of_input || self.seen.contains(&node) {
                continue;
            }
            match ast::Select::cast(node.clone()).and_then(|it| it.attrpath()) {
                Some(path) => {
                    let path: Vec<_> = path.attrs().map(|attr| attr_name(&attr)).collect();
                    if let Some(at) =
                        path.iter().position(|name| matches!(name.as_deref(), Some("inputs" | "inputs'")))
                    {
                        self.taken(&node, path.into_iter().skip(at + 1), Denotes::Inputs);
                    }
                }
                None => self.inherited(&node, Denotes::Flake),
            }
        }
        for mention in self.found.all.iter_mut().skip(known) {
            mention.certain = false;
        }
    }

    fn visit(&mut self, node: &SyntaxNode, denotes: Denotes) {
        let Some(parent) = node.parent() else { return };
        match parent.kind() {
            SyntaxKind::NODE_PAREN => self.queue.push((parent, denotes)),
            SyntaxKind::NODE_SELECT => self.selected(&parent, node, denotes),
            SyntaxKind::NODE_HAS_ATTR => {
                let path = ast::HasAttr::cast(parent.clone()).and_then(|it| it.attrpath());
                let names = path.map(|path| attr_path(&path)).unwrap_or_default();
                let name = match (denotes, names.as_slice()) {
                    (Denotes::Inputs, [name, ..]) => name.clone(),
                    (Denotes::Flake, [Some(inputs), name, ..]) if inputs == "inputs" => name.clone(),
                    _ => return,
                };
                self.found.all.push(mention(name, parent, SiteKind::Existence));
            }
            SyntaxKind::NODE_INHERIT_FROM => self.inherited(&parent, denotes),
            SyntaxKind::NODE_INHERIT | SyntaxKind::NODE_ATTRPATH_VALUE => self.bound(&parent, node, denotes),
            SyntaxKind::NODE_WITH if denotes == Denotes::Inputs => self.opened(&parent, node),
            _ if denotes == Denotes::Inputs => self.opaque(node),
            // `"${self}/file"` and `self + "/file"` take its source.
            SyntaxKind::NODE_INTERPOL | SyntaxKind::NODE_BIN_OP => {}
            _ => self.found.flake_escapes = true,
        }
    }

    /// `inputs.x…`, `inputs.self.inputs.x`, `self.inputs.x`, `inputs.${x}`.
    fn selected(&mut self, select: &SyntaxNode, base: &SyntaxNode, denotes: Denotes) {
        let Some(select) = ast::Select::cast(select.clone()) else { return };
        if select.expr().is_none_or(|expr| expr.syntax() != base) {
            // The default of `x.y or inputs`.
            if denotes == Denotes::Inputs {
                self.opaque(base);
            }
            return;
        }
        self.seen.insert(select.syntax().clone());
        let names: Vec<Option<String>> = select
            .attrpath()
            .into_iter()
            .flat_map(|path| path.attrs())
            .map(|attr| attr_name(&attr))
            .collect();
        self.taken(select.syntax(), names.into_iter(), denotes);
    }

    /// What a selection takes by `names` from something that is known.
    fn taken(
        &mut self,
        select: &SyntaxNode,
        mut names: impl Iterator<Item = Option<String>>,
        mut denotes: Denotes,
    ) {
        let input = loop {
            match (denotes, names.next()) {
                (denotes, None) => return self.queue.push((select.clone(), denotes)),
                (Denotes::Flake, Some(Some(name))) if name == "inputs" => denotes = Denotes::Inputs,
                (Denotes::Flake, _) => return,
                (Denotes::Inputs, Some(Some(name))) if name == "self" => denotes = Denotes::Flake,
                (Denotes::Inputs, Some(name)) => break name,
            }
        };
        let default = ast::Select::cast(select.clone()).and_then(|it| it.default_expr());
        let kind = match (&input, default) {
            (None, _) => SiteKind::Opaque,
            (_, Some(_)) => SiteKind::Existence,
            _ => {
                let names: Vec<String> = names.flatten().collect();
                kind_of_path(names.iter().map(String::as_str), select)
            }
        };
        self.found.all.push(mention(input, select.clone(), kind));
    }

    /// `inherit (inputs) a b;`
    fn inherited(&mut self, from: &SyntaxNode, denotes: Denotes) {
        self.seen.insert(from.clone());
        let Some(inherit) = from.parent().and_then(ast::Inherit::cast) else { return };
        for attr in inherit.attrs() {
            let name = attr_name(&attr);
            match (denotes, name.as_deref()) {
                (Denotes::Inputs, Some("self")) => {
                    self.alias(inherit.syntax(), "self", Denotes::Flake);
                }
                (Denotes::Flake, Some(name @ ("inputs" | "inputs'"))) => {
                    if !self.alias(inherit.syntax(), name, Denotes::Inputs) {
                        self.opaque(attr.syntax());
                    }
                }
                (Denotes::Inputs, _) => {
                    self.found.all.push(mention(name, attr.syntax().clone(), SiteKind::Value));
                }
                (Denotes::Flake, _) => {}
            }
        }
    }

    /// `inherit inputs;` and `x = inputs;`: another name for the same in a `let`, elsewhere the whole
    /// set going into a value.
    fn bound(&mut self, binding: &SyntaxNode, node: &SyntaxNode, denotes: Denotes) {
        let name = match ast::AttrpathValue::cast(binding.clone()) {
            Some(it) => {
                let path = it.attrpath();
                let mut attrs = path.iter().flat_map(ast::Attrpath::attrs);
                match (attrs.next(), attrs.next()) {
                    (Some(attr), None) => attr_name(&attr),
                    _ => None,
                }
            }
            None => Some(node.text().to_string()),
        };
        let aliased = name.as_deref().is_some_and(|name| self.alias(binding, name, denotes));
        match denotes {
            _ if aliased => {}
            Denotes::Inputs => self.opaque(node),
            Denotes::Flake => self.found.flake_escapes |= name.as_deref() != Some("src"),
        }
    }

    fn alias(&mut self, binding: &SyntaxNode, name: &str, denotes: Denotes) -> bool {
        let Some(scope) = binding.parent().filter(|scope| scope.kind() == SyntaxKind::NODE_LET_IN) else {
            return false;
        };
        let uses = self.scopes.uses(&(scope, name.to_owned())).iter();
        self.queue.extend(uses.map(|node| (node.clone(), denotes)));
        true
    }

    /// `with inputs; …`
    fn opened(&mut self, with: &SyntaxNode, node: &SyntaxNode) {
        let namespace = ast::With::cast(with.clone()).and_then(|it| it.namespace());
        if namespace.is_none_or(|namespace| namespace.syntax() != node) {
            return self.opaque(node);
        }
        for (usage, name) in &self.scopes.in_with {
            if self.names.contains(&name.as_str()) && with.text_range().contains_range(usage.text_range()) {
                let certain = false;
                let kind = SiteKind::Value;
                self.found.all.push(Mention {
                    input: Some(name.clone()),
                    node: usage.clone(),
                    kind,
                    certain,
                    outer: false,
                });
            }
        }
    }

    /// The whole set goes where it cannot be followed, unless that is to flake-parts as its `inputs`.
    fn opaque(&mut self, node: &SyntaxNode) {
        let binding = node.ancestors().find_map(|outer| match outer.kind() {
            SyntaxKind::NODE_INHERIT => Some(node.text().to_string()),
            SyntaxKind::NODE_ATTRPATH_VALUE => {
                attr_name(&ast::AttrpathValue::cast(outer)?.attrpath()?.attrs().last()?)
            }
            _ => None,
        });
        let to_mk_flake = node.ancestors().filter_map(ast::Apply::cast).any(|apply| {
            let Some(argument) = apply.argument() else { return false };
            let (function, arguments) = application(&ast::Expr::Apply(apply));
            last_name(&function).as_deref() == Some("mkFlake")
                && arguments.len() == 1
                && argument.syntax().text_range().contains_range(node.text_range())
        });
        if !(to_mk_flake && binding.as_deref() == Some("inputs")) {
            self.found.all.push(mention(None, node.clone(), SiteKind::Opaque));
        }
    }
}

fn mention(input: Option<String>, node: SyntaxNode, kind: SiteKind) -> Mention {
    Mention { input, node, kind, certain: true, outer: false }
}

/// The kind of a use of an argument of `outputs` (`{ self, treefmt-nix, ... }: … treefmt-nix.lib`).
fn kind_of_argument(node: &SyntaxNode) -> SiteKind {
    match node.parent().and_then(ast::Select::cast) {
        Some(select) => {
            let names: Vec<String> = select
                .attrpath()
                .into_iter()
                .flat_map(|path| path.attrs())
                .filter_map(|attr| attr_name(&attr))
                .collect();
            kind_of_path(names.iter().map(String::as_str), select.syntax())
        }
        None => kind_of_path(std::iter::empty(), node),
    }
}

/// What is taken from an input, by the names that flakes give their outputs.
fn kind_of_path<'a>(mut names: impl Iterator<Item = &'a str>, node: &SyntaxNode) -> SiteKind {
    match names.next() {
        Some("flakeModule" | "flakeModules") => SiteKind::FlakeModule,
        Some("nixosModule" | "nixosModules" | "darwinModules" | "homeModules" | "homeManagerModules") => {
            SiteKind::Module
        }
        Some("overlay" | "overlays") => SiteKind::Overlay,
        Some("lib") => SiteKind::Lib,
        Some(_) => SiteKind::Value,
        None if is_source(node) => SiteKind::Source,
        None => SiteKind::Value,
    }
}

/// `src = inputs.x;` and `"${inputs.x}/file"` take the input's source.
fn is_source(node: &SyntaxNode) -> bool {
    let Some(parent) = node.parent() else { return false };
    match parent.kind() {
        SyntaxKind::NODE_INTERPOL => true,
        SyntaxKind::NODE_ATTRPATH_VALUE => ast::AttrpathValue::cast(parent)
            .and_then(|it| it.attrpath()?.attrs().last())
            .and_then(|attr| attr_name(&attr))
            .is_some_and(|name| name == "src"),
        _ => false,
    }
}
