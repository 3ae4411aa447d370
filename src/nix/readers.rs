//! Who reads what: where modules read options and arguments, and where code names a file. Gathered once
//! for all files, because values that are followed come by here again and again.

use rayon::prelude::*;
use rnix::SyntaxKind;
use rustc_hash::{FxHashMap, FxHashSet};

use super::apart::Apart;
use super::code::{Node, Path};
use super::project::{Project, ProjectFile, Role};
use super::scope::Scopes;

/// What flake-parts calls the flake among the arguments of modules.
const SELVES: [&str; 2] = ["self", "self'"];

/// The function of flake-parts that makes a flake's outputs.
pub(super) const MK_FLAKE: &str = "mkFlake";

/// A place that reads something, and the names that it reads below it.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    pub(super) file: usize,
    pub(super) node: Node<'a>,
    names: Path<'a>,
}

impl Place<'_> {
    /// Whether it reads something of just this name.
    pub(super) fn reads(&self, name: Option<&Option<&str>>) -> bool {
        name.is_some_and(|name| name.is_some() && self.names.first() == Some(name))
    }
}

/// Who reads what in the files of a flake.
#[derive(Debug, Default)]
pub(super) struct Readers<'a> {
    /// Whatever may be a module's `config`.
    configs: Vec<Place<'a>>,
    /// Which of these read a name first, or with no name whatever they read then.
    by_name: FxHashMap<Option<&'a str>, Vec<usize>>,
    /// Whatever may be a function's argument of this name.
    arguments: FxHashMap<&'a str, Vec<Place<'a>>>,
    /// Whatever may be the flake itself, or what `self'` is: the flake's outputs for one system; and what
    /// `mkFlake` gives.
    selves: FxHashMap<&'static str, Vec<Place<'a>>>,
    /// Path literals: which file they lead to, and where they stand.
    references: FxHashMap<usize, Vec<(usize, Node<'a>)>>,
    /// The options that the flake's own modules declare, with how many names of a definition's path say
    /// where its value is read again: all, unless the option's type makes more of it, as submodules do.
    known_options: FxHashMap<&'a str, usize>,
    /// Whether a module defines the module argument `pkgs` (`_module.args.pkgs`).
    defines_pkgs: bool,
    /// The further `perSystem` options that become flake outputs (`transposition.x = { }`).
    transposed: FxHashSet<&'a str>,
}

impl<'a> Readers<'a> {
    pub(super) fn new(project: &'a Project, scopes: &[Scopes<'a>]) -> Readers<'a> {
        let files = project.files.par_iter().zip(scopes).enumerate();
        let each: Vec<_> =
            files.map(|(at, (file, scopes))| Readers::of_file_alone(at, file, scopes)).collect();
        let mut readers = Readers::default();
        for one in each {
            readers.configs.extend(one.configs);
            for (name, places) in one.arguments {
                readers.arguments.entry(name).or_default().extend(places);
            }
            for (name, places) in one.selves {
                readers.selves.entry(name).or_default().extend(places);
            }
            for (name, names) in one.known_options {
                let known = readers.known_options.entry(name).or_insert(names);
                *known = names.min(*known);
            }
            readers.transposed.extend(one.transposed);
            readers.defines_pkgs |= one.defines_pkgs;
        }
        for (at, place) in readers.configs.iter().enumerate() {
            readers.by_name.entry(place.names.first().copied().flatten()).or_default().push(at);
        }
        // A nested flake that has this one among its inputs (`../..`) reads it as that.
        for (at, file) in project.files.iter().enumerate().filter(|(at, _)| !project.is_foreign(*at)) {
            for (node, targets) in &file.references {
                for target in targets {
                    let place = (at, file.source.code().node(*node));
                    readers.references.entry(*target).or_default().push(place);
                }
            }
        }
        readers
    }

    fn of_file_alone(at: usize, file: &'a ProjectFile, scopes: &Scopes<'a>) -> Readers<'a> {
        let mut readers = Readers::default();
        readers.index_variables(at, scopes);
        let apart = Apart::of(file.source.code().root(), scopes);
        let is_module = matches!(file.role, Role::Flake | Role::Module);
        for node in file.source.code().root().descendants() {
            match node.kind() {
                SyntaxKind::NODE_SELECT => readers.index_selection(at, node, &apart),
                SyntaxKind::NODE_APPLY if file.role == Role::Flake => readers.index_flake(at, node),
                // NixOS modules have options, too, which are not flake-parts'.
                SyntaxKind::NODE_ATTRPATH_VALUE if is_module => {
                    if let Some(name) = name_below("options", node) {
                        let known = readers.known_options.entry(name).or_insert(usize::MAX);
                        *known = names_kept(node).min(*known);
                    }
                    readers.transposed.extend(name_below("transposition", node));
                    readers.defines_pkgs |= defines_pkgs(node);
                }
                _ => {}
            }
        }
        if !is_module {
            // Modules of NixOS and of others have a `config`, too, and hand the whole of it on.
            let whole = file.may_be_module && speaks_flake_parts(file.source.code().root());
            readers.configs.retain(|place| whole || (file.may_be_module && !place.names.is_empty()));
        }
        // Hash maps have no order of their own, but the first reason that is found is the one that is told.
        let maps = readers.arguments.values_mut().chain(readers.selves.values_mut());
        for places in maps.chain([&mut readers.configs]) {
            places.sort_by_key(|place| place.node.number());
        }
        readers
    }

    /// `top.config.x`, `inputs.self.x`
    fn index_selection(&mut self, file: usize, node: Node<'a>, apart: &Apart<'a>) {
        let names = node.names();
        let place = |read: usize| Place { file, node, names: names[read + 1..].to_vec() };
        if let Some(read) = names.iter().position(|name| *name == Some("config"))
            && !apart.has(node)
        {
            self.configs.push(place(read));
        }
        for argument in SELVES {
            // `inputs'.self` is of one system, too.
            let is_self = |name: &Option<&str>| *name == Some(argument) || *name == Some("self");
            if let Some(read) = names.iter().position(is_self) {
                self.selves.entry(argument).or_default().push(place(read));
            }
        }
    }

    /// What `mkFlake` gives has the flake's outputs, as `self` has: `let flake = mkFlake …; in flake // { … }`.
    fn index_flake(&mut self, file: usize, node: Node<'a>) {
        let (function, arguments) = node.application();
        if function.last_name() == Some(MK_FLAKE) && arguments.len() == 2 {
            self.selves.entry(MK_FLAKE).or_default().push(Place { file, node, names: Vec::new() });
        }
    }

    /// Uses of function arguments, `args.pkgs.x` among them, and of anything called `config`: by
    /// `let inherit (args) config` it need not be an argument.
    fn index_variables(&mut self, file: usize, scopes: &Scopes<'a>) {
        let place = |node| match selection(node) {
            Some((node, names)) => Place { file, node, names },
            None => Place { file, node, names: Vec::new() },
        };
        for ((scope, name), uses) in scopes.variables() {
            if scope.kind() == SyntaxKind::NODE_LAMBDA {
                self.arguments.entry(name).or_default().extend(uses.iter().copied().map(place));
                for (select, names) in uses.iter().filter_map(|node| selection(*node)) {
                    if let Some((Some(first), names)) = names.split_first() {
                        let place = Place { file, node: select, names: names.to_vec() };
                        self.arguments.entry(first).or_default().push(place);
                    }
                }
            }
            if *name == "config" {
                self.configs.extend(uses.iter().copied().map(place));
            }
            if let Some(argument) = SELVES.iter().find(|argument| *argument == name) {
                let uses = uses.iter().copied().filter(|node| !is_path(*node));
                self.selves.entry(argument).or_default().extend(uses.map(place));
            }
        }
        for (node, name) in &scopes.in_with {
            self.arguments.entry(name).or_default().push(place(*node));
            if *name == "config" {
                self.configs.push(place(*node));
            }
        }
    }

    /// The places that read the option at `path`, each with what is left of the path there.
    pub(super) fn of_option(&self, path: &[Option<&'a str>]) -> Vec<(&Place<'a>, Path<'a>)> {
        let Some(Some(first)) = path.first() else { return reading(&self.configs, path).collect() };
        let of_name = |name| self.by_name.get(&name).into_iter().flatten();
        let mut places: Vec<usize> = of_name(None).chain(of_name(Some(*first))).copied().collect();
        places.sort_unstable();
        let places = places.into_iter().filter_map(|at| self.configs.get(at));
        places.filter_map(|place| Some((place, below(&place.names, path)?))).collect()
    }

    /// The places that read `path` in the module argument `name`, each with what is left of the path.
    pub(super) fn of_argument<'s>(
        &'s self,
        name: &str,
        path: &'s [Option<&'a str>],
    ) -> impl Iterator<Item = (&'s Place<'a>, Path<'a>)> {
        reading(self.arguments.get(name).map_or(&[], Vec::as_slice), path)
    }

    /// The places that read `path` in the flake itself (`self`) or in its outputs for one system
    /// (`self'`), each with what is left of the path.
    pub(super) fn of_self<'s, 'p>(
        &'s self,
        argument: &str,
        path: &'p [Option<&'a str>],
    ) -> impl Iterator<Item = (&'s Place<'a>, Path<'a>)> + use<'s, 'p, 'a> {
        reading(self.selves.get(argument).map_or(&[], Vec::as_slice), path)
    }

    /// The places that name a file, or a folder that it lies in.
    pub(super) fn of_file(&self, file: usize) -> &[(usize, Node<'a>)] {
        self.references.get(&file).map_or(&[], Vec::as_slice)
    }

    /// Whether a module of this flake declares the option: how many names of a definition's path say where
    /// its value is read again.
    pub(super) fn option(&self, name: &str) -> Option<usize> {
        self.known_options.get(name).copied()
    }

    /// Whether a module defines the `pkgs` of `perSystem` itself.
    pub(super) fn defines_pkgs(&self) -> bool {
        self.defines_pkgs
    }

    /// Whether a module makes an output of this `perSystem` option.
    pub(super) fn is_transposed(&self, name: &str) -> bool {
        self.transposed.contains(name)
    }
}

fn reading<'s, 'p, 'a>(
    places: &'s [Place<'a>],
    path: &'p [Option<&'a str>],
) -> impl Iterator<Item = (&'s Place<'a>, Path<'a>)> + use<'s, 'p, 'a> {
    places.iter().filter_map(|place| Some((place, below(&place.names, path)?)))
}

/// Whether code says something that only modules of flake-parts do.
fn speaks_flake_parts(code: Node<'_>) -> bool {
    code.descendants().any(|node| match node.kind() {
        SyntaxKind::NODE_IDENT => matches!(node.text(), "perSystem" | "withSystem" | "partitions"),
        SyntaxKind::NODE_ATTRPATH_VALUE => node.names().first() == Some(&Some("flake")),
        _ => false,
    })
}

/// Whether `self` stands for its source: in `"${self}/x"`, `self + "/x"` and `mkDerivation { src = self; }`.
fn is_path(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| match parent.kind() {
        SyntaxKind::NODE_INTERPOL => true,
        SyntaxKind::NODE_ATTRPATH_VALUE => parent.names() == [Some("src")] && is_argument(parent.parent()),
        _ => parent.operator() == Some(SyntaxKind::TOKEN_ADD),
    })
}

/// Whether a set, or what gives it, is what a function gets that makes a derivation of it.
fn is_argument(set: Option<Node<'_>>) -> bool {
    let Some(mut node) = set.filter(|set| set.kind() == SyntaxKind::NODE_ATTR_SET) else { return false };
    while let Some(parent) = node.parent() {
        match parent.kind() {
            SyntaxKind::NODE_PAREN | SyntaxKind::NODE_LAMBDA => node = parent,
            SyntaxKind::NODE_BIN_OP if parent.operator() == Some(SyntaxKind::TOKEN_UPDATE) => node = parent,
            SyntaxKind::NODE_APPLY => {
                let function = parent.application().0.last_name().unwrap_or_default();
                return function == "mkDerivation" || function.starts_with("build");
            }
            _ => return false,
        }
    }
    false
}

/// The selection that takes something from `base`, and the names it takes.
pub(super) fn selection(base: Node<'_>) -> Option<(Node<'_>, Path<'_>)> {
    let select = base.parent().filter(|parent| parent.kind() == SyntaxKind::NODE_SELECT)?;
    (select.child(0) == Some(base)).then(|| (select, select.names()))
}

/// The `x` of a binding `set.x = …`, or of `x = …` directly inside `set = { … }`.
fn name_below<'a>(set: &str, binding: Node<'a>) -> Option<&'a str> {
    let path = binding.names();
    let outer = binding.parent().and_then(Node::parent).map(Node::names).unwrap_or_default();
    if outer.last() == Some(&Some(set)) {
        return path.into_iter().next().flatten();
    }
    // In `config.set.x`, too.
    let at = path.iter().take(2).position(|name| *name == Some(set))?;
    path.into_iter().nth(at + 1).flatten()
}

/// How many names of a definition's path stay of an option that `declaration` declares (or a set of
/// them): what a submodule makes of one of its options, it may give as another.
fn names_kept(declaration: Node<'_>) -> usize {
    let types = declaration.descendants().filter(|node| node.names() == [Some("type")]);
    let kept = types.filter_map(Node::value).map(|kind| {
        let is_simple = |node: &Node<'_>| SIMPLE_TYPES.contains(&node.text());
        let mut names = kind.descendants().filter(|node| node.kind() == SyntaxKind::NODE_IDENT);
        match kind.bare().application().0.last_name() {
            _ if names.all(|name| is_simple(&name)) => usize::MAX,
            // Each attribute of it is a submodule of its own.
            Some("attrsOf" | "lazyAttrsOf") if declaration.names().len() <= 2 => 2,
            _ => 1,
        }
    });
    kept.min().unwrap_or(usize::MAX)
}

/// The words of types whose values are what was defined, merged.
const SIMPLE_TYPES: [&str; 26] = [
    "anything",
    "attrs",
    "attrsOf",
    "bool",
    "either",
    "enum",
    "float",
    "functionTo",
    "int",
    "lazyAttrsOf",
    "lib",
    "lines",
    "listOf",
    "nonEmptyStr",
    "null",
    "nullOr",
    "number",
    "oneOf",
    "package",
    "path",
    "port",
    "raw",
    "str",
    "types",
    "uniq",
    "unspecified",
];

/// Whether a binding is `_module.args.pkgs`, written out below `perSystem`: NixOS modules have a `pkgs` of
/// their own.
fn defines_pkgs(binding: Node<'_>) -> bool {
    if binding.names().last() != Some(&Some("pkgs")) {
        return false;
    }
    let bindings = binding.ancestors().filter(|node| node.kind() == SyntaxKind::NODE_ATTRPATH_VALUE);
    let inwards: Vec<Option<&str>> = bindings.flat_map(|binding| binding.names().into_iter().rev()).collect();
    inwards.starts_with(&[Some("pkgs"), Some("args"), Some("_module")])
        && matches!(inwards.get(3..), Some([Some("perSystem"), ..]))
}

/// What is left of a tainted `path` when `names` are selected: `None` where they part.
pub(super) fn below<'a>(names: &[Option<&str>], path: &[Option<&'a str>]) -> Option<Path<'a>> {
    let agree = names.iter().zip(path).all(|(name, part)| match (name, part) {
        (Some(name), Some(part)) => name == part,
        _ => true,
    });
    agree.then(|| path.iter().skip(names.len()).copied().collect())
}
