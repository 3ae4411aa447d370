//! Where the value of an expression goes: outwards through the syntax, through variables, module
//! arguments and options, until it reaches an output of the flake or cannot be followed any more.
//!
//! The answer errs on one side only. It may name an output that the value never reaches; it must not
//! leave one out. Where certainty ends, it says that everything may be reached, and why.

mod definitions;

use std::collections::{BTreeSet, VecDeque};

use rnix::SyntaxKind;
use rustc_hash::FxHashSet;

pub(super) use definitions::PER_SYSTEM_OUTPUTS;

use crate::nix::code::{Node, Path};
use crate::nix::flake_module::{FlakeModule, FlakeModules};
use crate::nix::module::partition_module_in;
use crate::nix::project::{Project, Role};
use crate::nix::readers::{Place, Readers, below};
use crate::nix::scope::{Scopes, Variable};

/// A value followed further than this is in everything, for all that anybody can see.
const MAX_STEPS: usize = 50_000;

/// A set that holds itself (`let lib = { inherit lib; … }`) has paths without end. Of a longer path the
/// whole of what lies at its beginning counts as tainted.
const MAX_DEPTH: usize = 8;

/// What a value reaches.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    /// Flake outputs, by attribute name.
    pub(super) outputs: BTreeSet<String>,
    /// Those of them that are reached not only by code that reads another output from the flake itself
    /// (`self.packages`).
    pub(super) direct: BTreeSet<String>,
    /// Why any output may be reached, where that is so.
    pub(super) everything: Option<String>,
    /// Why any output may be reached by code that reads another output from the flake itself.
    pub(super) indirectly: Option<String>,
    /// The value is a module imported by the flake's own modules.
    pub(super) imported: bool,
    /// A flake output that *is* the value: flake-parts looks at it even when a partition overrides it.
    pub(super) forced: Option<String>,
    /// The module argument `pkgs` holds it, which the modules of other flakes read, too.
    pub(super) in_pkgs: bool,
}

/// A value on its way: the tainted part lies at `path` inside the value of `node`.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Step<'a> {
    file: usize,
    node: Node<'a>,
    path: Path<'a>,
    /// Whether the value itself is handed on, not a set around it.
    bare: bool,
    /// How many functions around it wait for an argument: until they get it, nobody looks at the value.
    functions: usize,
    /// The function that gives the code its inputs or options, until the value has left it: a partition's
    /// module that does not take them itself has those of the root.
    bound_by: Option<Node<'a>>,
}

impl<'a> Step<'a> {
    /// A value that is taken from an argument at `node`.
    fn of(file: usize, node: Node<'a>, path: Path<'a>) -> Step<'a> {
        Step { file, node, path, bare: true, functions: 0, bound_by: binder(node) }
    }

    /// The same value as far outwards as the syntax alone takes it.
    fn climbed(mut self) -> Self {
        while let Some(parent) = self.node.parent() {
            match parent.kind() {
                SyntaxKind::NODE_ROOT
                | SyntaxKind::NODE_APPLY
                | SyntaxKind::NODE_SELECT
                | SyntaxKind::NODE_PAT_ENTRY
                | SyntaxKind::NODE_DYNAMIC
                | SyntaxKind::NODE_ATTRPATH_VALUE
                | SyntaxKind::NODE_INHERIT
                | SyntaxKind::NODE_INHERIT_FROM => break,
                SyntaxKind::NODE_PAREN | SyntaxKind::NODE_LIST | SyntaxKind::NODE_LET_IN => {}
                SyntaxKind::NODE_LAMBDA => {
                    self.functions += 1;
                    self.bound_by = self.bound_by.filter(|function| *function != parent);
                }
                // Not the condition, nor the set of a `with`.
                SyntaxKind::NODE_IF_ELSE | SyntaxKind::NODE_ASSERT | SyntaxKind::NODE_WITH
                    if parent.child(0) != Some(self.node) => {}
                SyntaxKind::NODE_BIN_OP
                    if matches!(
                        parent.operator(),
                        Some(SyntaxKind::TOKEN_UPDATE | SyntaxKind::TOKEN_CONCAT)
                    ) => {}
                _ => self.path.clear(),
            }
            self.node = parent;
        }
        self
    }
}

/// Follows values through the files of a flake.
pub(super) struct Flow<'a> {
    project: &'a Project,
    scopes: &'a [Scopes<'a>],
    readers: Readers<'a>,
    modules: &'a FlakeModules,
}

impl<'a> Flow<'a> {
    pub(super) fn new(project: &'a Project, scopes: &'a [Scopes<'a>], modules: &'a FlakeModules) -> Self {
        Flow { project, scopes, readers: Readers::new(project, scopes), modules }
    }

    /// Follows the value of `node` in `file`.
    pub(super) fn follow(&self, file: usize, node: Node<'a>) -> Reach {
        self.walk(|walk| walk.push(Step::of(file, node, Vec::new())))
    }

    /// Follows the `pkgs` that flake-parts makes of the input `nixpkgs` where no module here defines it.
    pub(super) fn default_pkgs(&self) -> Option<Reach> {
        (!self.readers.defines_pkgs()).then(|| self.walk(|walk| walk.defined_argument("pkgs", &[])))
    }

    /// Follows what a flakeModule makes of its options. Where that may reach everything, what it reaches by
    /// way of code that is plain to see is named as direct, and nothing else.
    pub(super) fn brought_by(&self, module: &'a FlakeModule) -> Reach {
        let reach = self.walk(|walk| walk.made_by(module));
        if reach.everything.is_none() {
            return reach;
        }
        let plain = self.walk(|walk| {
            walk.only_plain = true;
            walk.made_by(module);
        });
        Reach { direct: plain.direct, ..reach }
    }

    fn walk(&self, start: impl FnOnce(&mut Walk<'_, 'a>)) -> Reach {
        let mut walk = Walk {
            flow: self,
            reach: Reach::default(),
            seen: FxHashSet::default(),
            queue: VecDeque::new(),
            in_self: Vec::new(),
            by_self: false,
            only_plain: false,
        };
        start(&mut walk);
        walk.run();
        walk.reach.direct = walk.reach.outputs.clone();
        if walk.reach.everything.is_none() {
            walk.by_self = true;
            for (place, path) in std::mem::take(&mut walk.in_self) {
                walk.reading(place, path);
            }
            walk.run();
            let reading = self.modules.reading_self().filter(|_| !walk.reach.outputs.is_empty());
            let outputs: Vec<&String> = reading.flat_map(|module| &module.outputs).collect();
            walk.reach.outputs.extend(outputs.into_iter().cloned());
        }
        walk.reach
    }
}

struct Walk<'f, 'a> {
    flow: &'f Flow<'a>,
    reach: Reach,
    seen: FxHashSet<Step<'a>>,
    queue: VecDeque<Step<'a>>,
    /// Where the flake itself is asked for what has been reached, to go on there in the end.
    in_self: Vec<(&'f Place<'a>, Path<'a>)>,
    /// Whether the values that are followed now were read from the flake itself.
    by_self: bool,
    /// Whether only readers of just the option count, in modules of this flake, and nobody who reads an
    /// output.
    only_plain: bool,
}

impl<'f, 'a> Walk<'f, 'a> {
    fn run(&mut self) {
        let limit = self.seen.len() + MAX_STEPS;
        while let Some(step) = self.queue.pop_front() {
            self.outwards(step);
            if self.seen.len() > limit {
                self.everything("it goes through more code than flakepart follows");
                break;
            }
            // What is plain to see is so whatever else there is.
            let may_be_anything = self.reach.everything.is_some() || self.reach.indirectly.is_some();
            if may_be_anything && !self.only_plain {
                break;
            }
        }
    }

    /// Goes on from a step, after the part of its way on which nothing can happen.
    fn push(&mut self, step: Step<'a>) {
        let mut step = step.climbed();
        step.path.truncate(MAX_DEPTH);
        if self.seen.insert(step.clone()) {
            self.queue.push_back(step);
        }
    }

    fn everything(&mut self, why: impl Into<String>) {
        let everything = if self.by_self { &mut self.reach.indirectly } else { &mut self.reach.everything };
        everything.get_or_insert(why.into());
    }

    /// One step outwards from a node to what is made of its value.
    fn outwards(&mut self, step: Step<'a>) {
        let Some(parent) = step.node.parent() else { return self.top(&step) };
        match parent.kind() {
            SyntaxKind::NODE_APPLY => self.applied(&step, parent),
            SyntaxKind::NODE_SELECT => self.selected(&step, parent),
            SyntaxKind::NODE_PAT_ENTRY => self.argument_default(&step, parent),
            SyntaxKind::NODE_DYNAMIC => self.computed_name(&step, parent),
            SyntaxKind::NODE_ATTRPATH_VALUE => self.bound(&step, parent, parent.names()),
            // `inherit (set) "name"` may quote it.
            SyntaxKind::NODE_INHERIT => self.bound(&step, parent, vec![step.node.name()]),
            SyntaxKind::NODE_INHERIT_FROM => self.inherited(&step, parent),
            // Only the root is left that `climbed` does not climb.
            _ => self.top(&step),
        }
    }

    /// `function argument`
    fn applied(&mut self, step: &Step<'a>, apply: Node<'a>) {
        let on = |path: Path<'a>| Step { node: apply, path, ..step.clone() };
        let Some(function) = apply.child(0) else { return };
        if function == step.node {
            // The path speaks of what the function gives, also of a set that is a function.
            let functor = step.path.first() == Some(&Some("__functor"));
            let path = step.path.iter().skip(usize::from(functor)).copied().collect();
            return self.push(Step { functions: step.functions.saturating_sub(1), ..on(path) });
        }
        let (function, arguments) = function.application();
        let name = function.last_name().unwrap_or_default();
        match (name, arguments.len()) {
            // Whatever a module gets, it is its own `self` that it reads.
            ("mkFlake", 0) if self.by_self => {}
            ("mkFlake", 1) => self.module(step.file, &step.path, step.bare),
            // These give what they are given, or a part of it.
            (
                "mkMerge" | "mkForce" | "mkBefore" | "mkAfter" | "import" | "eachDefaultSystem"
                | "callPackage",
                0,
            )
            | ("mkIf" | "mkOverride" | "optionalAttrs" | "optional" | "optionals" | "filterAttrs", 1)
            | ("recursiveUpdate" | "eachSystem", _) => self.push(on(step.path.clone())),
            // The module system drops an overridden default by its priority, without looking at it.
            ("mkDefault", 0) => self.push(Step { bare: false, ..on(step.path.clone()) }),
            _ => {
                // A function handed to another is called by it, if not by one that makes a set or a list
                // of what it gives and leaves it at that.
                let lazy = step.functions > 0 && is_lazy(name);
                let bare = step.bare && step.path.is_empty() && !lazy;
                self.push(Step { bare, functions: 0, ..on(Vec::new()) });
            }
        }
    }

    /// `value.name` takes the tainted part along only where the names agree.
    fn selected(&mut self, step: &Step<'a>, select: Node<'a>) {
        let mut path = step.path.clone();
        if select.child(0) == Some(step.node) {
            match below(&select.names(), &path) {
                Some(rest) => path = rest,
                None => return,
            }
        }
        self.push(Step { node: select, path, ..step.clone() });
    }

    /// `{ argument ? value }:`
    fn argument_default(&mut self, step: &Step<'a>, entry: Node<'a>) {
        let lambda = entry.ancestors().find(|node| node.kind() == SyntaxKind::NODE_LAMBDA);
        if let (Some(lambda), Some(name)) = (lambda, entry.child(0)) {
            self.variable(step, &(lambda, name.text()), &step.path);
        }
    }

    /// `set.${value}` and `{ ${value} = …; }`
    fn computed_name(&mut self, step: &Step<'a>, dynamic: Node<'a>) {
        let Some(path) = dynamic.parent() else { return };
        let Some(owner) = path.parent() else { return };
        if owner.kind() == SyntaxKind::NODE_ATTRPATH_VALUE {
            // The set that has the name depends on it, whatever is looked up in it.
            let before = path.children().take_while(|attr| *attr != dynamic);
            let names = before.map(Node::name).collect();
            return self.bound(&Step { path: Vec::new(), ..step.clone() }, owner, names);
        }
        self.push(Step { node: owner, path: Vec::new(), bare: false, ..step.clone() });
    }

    /// `inherit (value) a b;`
    fn inherited(&mut self, step: &Step<'a>, from: Node<'a>) {
        let Some(inherit) = from.parent() else { return };
        for name in inherit.inherited().map(Node::name) {
            if let Some(path) = below(&[name], &step.path) {
                self.bound(&Step { path, ..step.clone() }, inherit, vec![name]);
            }
        }
    }

    /// A value bound to `names` in a `let` or a set.
    fn bound(&mut self, step: &Step<'a>, binding: Node<'a>, names: Path<'a>) {
        let Some(scope) = binding.parent() else { return };
        if step.bound_by.is_some() && partition_module_in(binding).is_some() {
            return self.everything("`partitions` depends on it");
        }
        let mut path = names;
        path.extend(&step.path);
        if scope.kind() != SyntaxKind::NODE_ATTR_SET || scope.is_rec() {
            match path.split_first() {
                Some((Some(name), rest)) => self.variable(step, &(scope, name), rest),
                _ => self.everything("a variable of a computed name holds it"),
            }
        }
        match scope.kind() {
            SyntaxKind::NODE_ATTR_SET => {
                // A function in a set waits for whoever takes it out.
                let bare = step.bare && step.functions == 0;
                self.push(Step { node: scope, path, bare, functions: 0, ..step.clone() });
            }
            // `let { body = …; }` gives its `body`.
            SyntaxKind::NODE_LEGACY_LET => {
                if let Some(path) = below(&[Some("body")], &path) {
                    self.push(Step { node: scope, path, ..step.clone() });
                }
            }
            _ => {}
        }
    }

    fn variable(&mut self, step: &Step<'a>, variable: &Variable<'a>, path: &[Option<&'a str>]) {
        let Some(scopes) = self.flow.scopes.get(step.file) else { return };
        for node in scopes.uses(variable) {
            self.push(Step { node: *node, path: path.to_vec(), ..step.clone() });
        }
    }

    /// The value of a whole file.
    fn top(&mut self, step: &Step<'a>) {
        let flow = self.flow;
        let Some(entry) = flow.project.files.get(step.file) else { return };
        match entry.role {
            Role::Flake => self.flake(&step.path),
            Role::Module => self.module(step.file, &step.path, step.bare),
            Role::Imported => {}
            Role::Unreached => {
                self.everything(format!("flakepart does not see who imports {}", entry.path));
            }
        }
        for (file, node) in flow.readers.of_file(step.file) {
            if !flow.project.is_import_of_module(*file, *node, step.file) {
                self.push(Step { file: *file, node: *node, ..step.clone() });
            }
        }
    }

    fn reading(&mut self, place: &Place<'a>, path: Path<'a>) {
        self.push(Step::of(place.file, place.node, path));
    }
}

/// The function that has the name with which `node` begins as its argument. Where none is seen, the value
/// belongs to the whole file.
fn binder(node: Node<'_>) -> Option<Node<'_>> {
    let from = match node.parent().filter(|parent| parent.kind() == SyntaxKind::NODE_INHERIT) {
        Some(inherit) => inherit.child(0).and_then(|from| from.child(0)).unwrap_or(node),
        None => node,
    };
    let base = std::iter::successors(Some(from.bare()), |node| {
        node.child(0).filter(|_| node.kind() == SyntaxKind::NODE_SELECT).map(Node::bare)
    });
    let name = base.last().map(Node::text);
    let binds = |function: &Node<'_>| {
        let parameter = function.child(0).filter(|_| function.kind() == SyntaxKind::NODE_LAMBDA);
        let names = parameter.into_iter().flat_map(|parameter| {
            let whole = std::iter::once(parameter).chain(parameter.children());
            whole.flat_map(|part| part.child(0)).chain([parameter])
        });
        names.map(Node::text).any(|text| Some(text) == name)
    };
    node.ancestors().find(binds).or_else(|| node.ancestors().last())
}

/// Whether a function makes a set or a list of what another gives, without looking at it.
fn is_lazy(function: &str) -> bool {
    matches!(function, "genAttrs" | "listToAttrs" | "map" | "mapAttrs" | "mapAttrs'")
        || function.to_ascii_lowercase().ends_with("system")
        || function.to_ascii_lowercase().ends_with("systems")
}
