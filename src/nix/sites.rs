//! Where one file touches the flake's inputs.

use rnix::SyntaxKind;
use rustc_hash::FxHashSet;

use super::code::{Node, Path};
use super::scope::Scopes;
use super::usage::names_lock;
use super::{SiteKind, Source};

/// A place where an input, or all of them, is taken in hand.
#[derive(Debug, Clone)]
pub(super) struct Mention<'a> {
    /// The input; `None` where the whole set goes somewhere, or the name is computed.
    pub(super) input: Option<&'a str>,
    /// The expression whose value is the input or something taken from it.
    pub(super) node: Node<'a>,
    pub(super) kind: SiteKind,
    /// False where a `with` may bring the name from somewhere else.
    pub(super) certain: bool,
    /// Whether it comes from the argument of flake.nix's `outputs`: these stay the root's inputs, also
    /// within a partition, whose modules get inputs of their own.
    pub(super) outer: bool,
}

/// What one file does with the flake's inputs.
#[derive(Debug, Default)]
pub(super) struct Mentions<'a> {
    /// In the order of the text.
    pub(super) all: Vec<Mention<'a>>,
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
pub(super) fn mentions<'a>(
    source: &'a Source,
    scopes: &'a Scopes<'a>,
    is_flake: bool,
    names: &'a [&'a str],
) -> Mentions<'a> {
    let mut finder =
        Finder { scopes, names, found: Mentions::default(), queue: Vec::new(), seen: FxHashSet::default() };
    let outputs = source.outputs().filter(|_| is_flake);
    if let Some(outputs) = outputs {
        finder.seed_outputs(outputs);
    }
    finder.run();
    for mention in &mut finder.found.all {
        mention.outer = true;
    }
    finder.seed_arguments(outputs);
    finder.run();
    finder.strangers(source);
    finder.run();
    finder.found.all.sort_by_key(|mention| mention.node.number());
    finder.found
}

struct Finder<'a> {
    scopes: &'a Scopes<'a>,
    names: &'a [&'a str],
    found: Mentions<'a>,
    queue: Vec<(Node<'a>, Denotes)>,
    /// The selections and inherits whose base is known to be the inputs or the flake.
    seen: FxHashSet<Node<'a>>,
}

impl<'a> Finder<'a> {
    /// The argument of a flake.nix's `outputs` means the inputs, whatever it is called.
    fn seed_outputs(&mut self, outputs: Node<'a>) {
        let Some(parameter) = outputs.child(0) else { return };
        let is_formal = |node: &Node<'_>| node.kind() == SyntaxKind::NODE_PAT_ENTRY;
        let (formals, whole): (Vec<Node<'a>>, Vec<Node<'a>>) = match parameter.kind() {
            SyntaxKind::NODE_PATTERN => parameter.children().partition(is_formal),
            _ => (Vec::new(), vec![parameter]),
        };
        for name in whole.into_iter().filter_map(|it| it.child(0)) {
            let uses = self.scopes.uses(&(outputs, name.text())).iter();
            self.queue.extend(uses.map(|node| (*node, Denotes::Inputs)));
        }
        for name in formals.into_iter().filter_map(|it| it.child(0)).map(Node::text) {
            for node in self.scopes.uses(&(outputs, name)) {
                if name == "self" {
                    self.queue.push((*node, Denotes::Flake));
                } else {
                    self.found.all.push(mention(Some(name), *node, kind_of_argument(*node)));
                }
            }
        }
    }

    /// What flake-parts calls its module arguments. `outputs` is the function that is none of a module.
    fn seed_arguments(&mut self, outputs: Option<Node<'a>>) {
        for (name, denotes) in
            [("inputs", Denotes::Inputs), ("inputs'", Denotes::Inputs), ("self", Denotes::Flake)]
        {
            let uses = self.scopes.arguments(name, outputs);
            self.queue.extend(uses.map(|node| (node, denotes)));
        }
        // Code in a file that is imported into a scope of its own may use the name unbound; Nix would
        // refuse that, so only a `with` can make it legal.
        let in_with = self.scopes.in_with.iter().filter(|(_, name)| *name == "inputs");
        self.queue.extend(in_with.map(|(node, _)| (*node, Denotes::Inputs)));
    }

    fn run(&mut self) {
        while let Some((node, denotes)) = self.queue.pop() {
            self.visit(node, denotes);
        }
    }

    /// `args.inputs.x`, where `args` may be all arguments of a module, the flake under another name, or
    /// something that has its own `inputs`: nobody can tell, so whatever has `inputs` counts as the flake.
    fn strangers(&mut self, source: &'a Source) {
        let of_input: FxHashSet<Node<'a>> = self.found.all.iter().map(|mention| mention.node).collect();
        let known = self.found.all.len();
        let reads_lock =
            source.text().contains("flake.lock") && source.code().root().descendants().any(names_lock);
        for node in source.code().root().descendants() {
            // `getAttr "inputs" args`, `attrByPath [ "inputs" … ]`
            if node.string() == Some("inputs") && is_value(node) {
                self.found.all.push(mention(None, node, SiteKind::Opaque));
                continue;
            }
            let is_select = node.kind() == SyntaxKind::NODE_SELECT;
            if !(is_select || node.kind() == SyntaxKind::NODE_INHERIT_FROM) {
                continue;
            }
            let of_input = node.child(0).is_none_or(|base| of_input.contains(&base));
            if of_input || self.seen.contains(&node) {
                continue;
            }
            if is_select {
                let path = node.names();
                if let Some(at) = path.iter().position(|name| matches!(name, Some("inputs" | "inputs'"))) {
                    // `lock.nodes.root.inputs.x` is the key of a node.
                    if reads_lock && at == 2 && path.first() == Some(&Some("nodes")) {
                        continue;
                    }
                    self.taken(node, path.into_iter().skip(at + 1), Denotes::Inputs);
                }
            } else {
                self.inherited(node, Denotes::Flake);
            }
        }
        for mention in self.found.all.iter_mut().skip(known) {
            mention.certain = false;
        }
    }

    fn visit(&mut self, node: Node<'a>, denotes: Denotes) {
        let Some(parent) = node.parent() else { return };
        match parent.kind() {
            SyntaxKind::NODE_PAREN => self.queue.push((parent, denotes)),
            SyntaxKind::NODE_SELECT => self.selected(parent, node, denotes),
            SyntaxKind::NODE_HAS_ATTR => {
                let name = match (denotes, parent.names().as_slice()) {
                    (Denotes::Inputs, [name, ..]) => *name,
                    (Denotes::Flake, [Some("inputs"), name, ..]) => *name,
                    _ => return,
                };
                self.found.all.push(mention(name, parent, SiteKind::Existence));
            }
            SyntaxKind::NODE_INHERIT_FROM => self.inherited(parent, denotes),
            SyntaxKind::NODE_INHERIT | SyntaxKind::NODE_ATTRPATH_VALUE => self.bound(parent, node, denotes),
            SyntaxKind::NODE_WITH if denotes == Denotes::Inputs => self.opened(parent, node),
            _ if denotes == Denotes::Inputs => self.opaque(node),
            // `"${self}/file"` and `self + "/file"` take its source.
            SyntaxKind::NODE_INTERPOL | SyntaxKind::NODE_BIN_OP => {}
            _ => self.found.flake_escapes = true,
        }
    }

    /// `inputs.x…`, `inputs.self.inputs.x`, `self.inputs.x`, `inputs.${x}`.
    fn selected(&mut self, select: Node<'a>, base: Node<'a>, denotes: Denotes) {
        if select.child(0) != Some(base) {
            // The default of `x.y or inputs`.
            if denotes == Denotes::Inputs {
                self.opaque(base);
            }
            return;
        }
        self.seen.insert(select);
        self.taken(select, select.names().into_iter(), denotes);
    }

    /// What a selection takes by `names` from something that is known.
    fn taken(
        &mut self,
        select: Node<'a>,
        mut names: impl Iterator<Item = Option<&'a str>>,
        mut denotes: Denotes,
    ) {
        let input = loop {
            match (denotes, names.next()) {
                (denotes, None) => return self.queue.push((select, denotes)),
                (Denotes::Flake, Some(Some("inputs"))) => denotes = Denotes::Inputs,
                (Denotes::Flake, Some(None)) => {
                    let input = names.next().flatten().filter(|name| self.names.contains(name));
                    self.found.flake_escapes = true;
                    let named = input.map(|name| mention(Some(name), select, SiteKind::Value));
                    self.found.all.extend(named.map(|named| Mention { certain: false, ..named }));
                    return;
                }
                (Denotes::Flake, _) => return,
                (Denotes::Inputs, Some(Some("self"))) => denotes = Denotes::Flake,
                (Denotes::Inputs, Some(name)) => break name,
            }
        };
        let default = select.child(2);
        let kind = match (input, default) {
            (None, _) => SiteKind::Opaque,
            (_, Some(_)) => SiteKind::Existence,
            _ => kind_of_path(&names.collect(), select),
        };
        self.found.all.push(mention(input, select, kind));
    }

    /// `inherit (inputs) a b;`
    fn inherited(&mut self, from: Node<'a>, denotes: Denotes) {
        self.seen.insert(from);
        let Some(inherit) = from.parent() else { return };
        for attr in inherit.inherited() {
            let name = attr.name();
            match (denotes, name) {
                (Denotes::Inputs, Some("self")) => {
                    self.alias(inherit, "self", Denotes::Flake);
                }
                (Denotes::Flake, Some(name @ ("inputs" | "inputs'"))) => {
                    if !self.alias(inherit, name, Denotes::Inputs) {
                        self.opaque(attr);
                    }
                }
                (Denotes::Inputs, _) => self.found.all.push(mention(name, attr, SiteKind::Value)),
                (Denotes::Flake, _) => {}
            }
        }
    }

    /// `inherit inputs;` and `x = inputs;`: another name for the same in a `let`, elsewhere the whole
    /// set going into a value.
    fn bound(&mut self, binding: Node<'a>, node: Node<'a>, denotes: Denotes) {
        let name = match binding.kind() {
            SyntaxKind::NODE_ATTRPATH_VALUE => match binding.names().as_slice() {
                [name] => *name,
                _ => None,
            },
            _ => Some(node.text()),
        };
        let aliased = name.is_some_and(|name| self.alias(binding, name, denotes));
        match denotes {
            _ if aliased => {}
            Denotes::Inputs => self.opaque(node),
            Denotes::Flake => self.found.flake_escapes |= name != Some("src"),
        }
    }

    fn alias(&mut self, binding: Node<'a>, name: &'a str, denotes: Denotes) -> bool {
        let Some(scope) = binding.parent().filter(|scope| scope.kind() == SyntaxKind::NODE_LET_IN) else {
            return false;
        };
        let uses = self.scopes.uses(&(scope, name)).iter();
        self.queue.extend(uses.map(|node| (*node, denotes)));
        true
    }

    /// `with inputs; …`
    fn opened(&mut self, with: Node<'a>, node: Node<'a>) {
        if with.child(0) != Some(node) {
            return self.opaque(node);
        }
        for (usage, name) in &self.scopes.in_with {
            if self.names.contains(name) && with.contains(*usage) {
                let named = mention(Some(name), *usage, SiteKind::Value);
                self.found.all.push(Mention { certain: false, ..named });
            }
        }
    }

    /// The whole set goes where it cannot be followed, unless that is to flake-parts as its `inputs`.
    fn opaque(&mut self, node: Node<'a>) {
        let binding = node.ancestors().find_map(|outer| match outer.kind() {
            SyntaxKind::NODE_INHERIT => Some(node.text()),
            SyntaxKind::NODE_ATTRPATH_VALUE => outer.path()?.last_child()?.name(),
            _ => None,
        });
        let mut applied = node.ancestors().filter(|outer| outer.kind() == SyntaxKind::NODE_APPLY);
        let to_mk_flake = applied.any(|apply| {
            let (function, arguments) = apply.application();
            function.last_name() == Some("mkFlake")
                && matches!(arguments.as_slice(), [argument] if argument.contains(node))
        });
        if !(to_mk_flake && binding == Some("inputs")) {
            self.found.all.push(mention(None, node, SiteKind::Opaque));
        }
    }
}

/// Whether a string is a value, no name in an attribute path.
fn is_value(string: Node<'_>) -> bool {
    let parent = string.parent().map(Node::kind);
    !matches!(parent, Some(SyntaxKind::NODE_ATTRPATH | SyntaxKind::NODE_INHERIT | SyntaxKind::NODE_DYNAMIC))
}

fn mention<'a>(input: Option<&'a str>, node: Node<'a>, kind: SiteKind) -> Mention<'a> {
    Mention { input, node, kind, certain: true, outer: false }
}

/// The kind of a use of an argument of `outputs` (`{ self, treefmt-nix, ... }: … treefmt-nix.lib`).
fn kind_of_argument(node: Node<'_>) -> SiteKind {
    match node.parent().filter(|parent| parent.kind() == SyntaxKind::NODE_SELECT) {
        Some(select) => kind_of_path(&select.names(), select),
        None => kind_of_path(&Vec::new(), node),
    }
}

/// What is taken from an input, by the names that flakes give their outputs.
fn kind_of_path(names: &Path<'_>, node: Node<'_>) -> SiteKind {
    // `inputs.x ? flakeModule` is about what it asks for.
    let question = node.parent().filter(|parent| parent.kind() == SyntaxKind::NODE_HAS_ATTR);
    let asked = question.map(Node::names).unwrap_or_default();
    match names.iter().chain(&asked).flatten().next() {
        Some(&("flakeModule" | "flakeModules")) => SiteKind::FlakeModule,
        Some(&("nixosModule" | "nixosModules" | "darwinModules" | "homeModules" | "homeManagerModules")) => {
            SiteKind::Module
        }
        Some(&("overlay" | "overlays")) => SiteKind::Overlay,
        Some(&"lib") => SiteKind::Lib,
        Some(_) => SiteKind::Value,
        None if is_source(node) => SiteKind::Source,
        None => SiteKind::Value,
    }
}

/// `src = inputs.x;` and `"${inputs.x}/file"` take the input's source.
fn is_source(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    match parent.kind() {
        SyntaxKind::NODE_INTERPOL => true,
        SyntaxKind::NODE_ATTRPATH_VALUE => parent.names().last() == Some(&Some("src")),
        _ => false,
    }
}
