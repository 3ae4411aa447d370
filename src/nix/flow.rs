//! Where the value of an expression goes: outwards through the syntax, through variables, module
//! arguments and options, until it reaches an output of the flake or cannot be followed any more.
//!
//! The answer errs on one side only. It may name an output that the value never reaches; it must not
//! leave one out. Where certainty ends, it says that everything may be reached, and why.

use std::collections::{BTreeSet, HashSet, VecDeque};

use camino::Utf8Path;
use rnix::ast::{self, BinOpKind};
use rnix::{SyntaxKind, SyntaxNode};
use rowan::ast::AstNode as _;

use super::readers::{Readers, below};
use super::scope::{Scopes, Variable};
use super::syntax::{AttrPath, application, attr_name, attr_path, last_name};
use super::usage::{Project, Role};

/// A value followed further than this is in everything, for all that anybody can see.
const MAX_STEPS: usize = 50_000;

/// A set that holds itself (`let lib = { inherit lib; … }`) has paths without end. Of a longer path the
/// whole of what lies at its beginning counts as tainted.
const MAX_DEPTH: usize = 16;

/// The outputs that flake-parts makes of definitions in `perSystem` (flake-parts: `modules/*.nix`).
const PER_SYSTEM_OUTPUTS: [&str; 8] =
    ["apps", "bundlers", "checks", "devShells", "formatter", "hydraJobs", "legacyPackages", "packages"];

/// The top-level options that any output may depend on.
const EVERYWHERE: [&str; 8] =
    ["systems", "debug", "perInput", "transposition", "flake", "perSystem", "partitions", "partitionedAttrs"];

/// What a value reaches.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    /// Flake outputs, by attribute name.
    pub(super) outputs: BTreeSet<String>,
    /// Why any output may be reached, where that is so.
    pub(super) everything: Option<String>,
    /// The value is a module imported by the flake's own modules.
    pub(super) imported: bool,
    /// A flake output that *is* the value: flake-parts looks at it even when a partition overrides it.
    pub(super) forced: Option<String>,
    /// The module argument `pkgs` holds it, which the modules of other flakes read, too.
    pub(super) in_pkgs: bool,
}

/// A value on its way: the tainted part lies at `path` inside the value of `node`.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Step {
    file: usize,
    node: SyntaxNode,
    path: AttrPath,
    /// Whether the value itself is handed on, not a set around it.
    bare: bool,
    /// How many functions around it wait for an argument: until they get it, nobody looks at the value.
    functions: usize,
}

/// Follows values through the files of a flake.
pub(super) struct Flow<'a> {
    project: &'a Project,
    scopes: &'a [Scopes],
    readers: Readers,
}

impl<'a> Flow<'a> {
    pub(super) fn new(project: &'a Project, scopes: &'a [Scopes]) -> Self {
        Flow { project, scopes, readers: Readers::new(project, scopes) }
    }

    /// Follows the value of `node` in `file`.
    pub(super) fn follow(&self, file: usize, node: &SyntaxNode) -> Reach {
        let mut walk =
            Walk { flow: self, reach: Reach::default(), seen: HashSet::new(), queue: VecDeque::new() };
        walk.push(Step { file, node: node.clone(), path: Vec::new(), bare: true, functions: 0 });
        while let Some(step) = walk.queue.pop_front() {
            walk.outwards(step);
            if walk.seen.len() > MAX_STEPS {
                walk.reach.everything = Some("it goes through more code than flakepart follows".to_owned());
            }
            if walk.reach.everything.is_some() {
                break;
            }
        }
        walk.reach
    }
}

struct Walk<'a> {
    flow: &'a Flow<'a>,
    reach: Reach,
    seen: HashSet<Step>,
    queue: VecDeque<Step>,
}

impl Walk<'_> {
    fn push(&mut self, mut step: Step) {
        step.path.truncate(MAX_DEPTH);
        if self.seen.insert(step.clone()) {
            self.queue.push_back(step);
        }
    }

    fn everything(&mut self, why: impl Into<String>) {
        self.reach.everything.get_or_insert(why.into());
    }

    /// One step outwards from a node to what is made of its value.
    fn outwards(&mut self, step: Step) {
        let Some(parent) = step.node.parent() else { return self.top(step) };
        let is = |expr: Option<ast::Expr>| expr.is_some_and(|expr| *expr.syntax() == step.node);
        let on = |path: AttrPath| Step { node: parent.clone(), path, ..step.clone() };
        match parent.kind() {
            SyntaxKind::NODE_ROOT => self.top(step),
            SyntaxKind::NODE_PAREN | SyntaxKind::NODE_LIST | SyntaxKind::NODE_LET_IN => {
                self.push(on(step.path.clone()));
            }
            SyntaxKind::NODE_LAMBDA => {
                self.push(Step { functions: step.functions + 1, ..on(step.path.clone()) });
            }
            SyntaxKind::NODE_IF_ELSE | SyntaxKind::NODE_ASSERT => {
                let condition = ast::IfElse::cast(parent.clone())
                    .and_then(|it| it.condition())
                    .or_else(|| ast::Assert::cast(parent.clone()).and_then(|it| it.condition()));
                let path = if is(condition) { Vec::new() } else { step.path.clone() };
                self.push(on(path));
            }
            SyntaxKind::NODE_WITH => {
                let namespace = ast::With::cast(parent.clone()).and_then(|it| it.namespace());
                let path = if is(namespace) { Vec::new() } else { step.path.clone() };
                self.push(on(path));
            }
            SyntaxKind::NODE_BIN_OP => {
                let operator = ast::BinOp::cast(parent.clone()).and_then(|it| it.operator());
                let keeps = matches!(operator, Some(BinOpKind::Update | BinOpKind::Concat));
                let path = if keeps { step.path.clone() } else { Vec::new() };
                self.push(on(path));
            }
            SyntaxKind::NODE_APPLY => self.applied(&step, parent),
            SyntaxKind::NODE_SELECT => self.selected(&step, parent),
            SyntaxKind::NODE_PAT_ENTRY => self.argument_default(&step, &parent),
            SyntaxKind::NODE_DYNAMIC => self.computed_name(&step, &parent),
            SyntaxKind::NODE_ATTRPATH_VALUE => {
                let path = ast::AttrpathValue::cast(parent.clone()).and_then(|it| it.attrpath());
                let names = path.map(|path| attr_path(&path)).unwrap_or_default();
                self.bound(&step, &parent, names);
            }
            SyntaxKind::NODE_INHERIT => {
                // `inherit (set) "name"` may quote it.
                let name = ast::Attr::cast(step.node.clone()).and_then(|attr| attr_name(&attr));
                self.bound(&step, &parent, vec![name]);
            }
            SyntaxKind::NODE_INHERIT_FROM => self.inherited(&step, &parent),
            _ => self.push(on(Vec::new())),
        }
    }

    /// `function argument`
    fn applied(&mut self, step: &Step, apply: SyntaxNode) {
        let Some(it) = ast::Apply::cast(apply.clone()) else { return };
        let on = |path: AttrPath| Step { node: apply.clone(), path, ..step.clone() };
        if it.lambda().is_some_and(|function| *function.syntax() == step.node) {
            // The path speaks of what the function gives, also of a set that is a function.
            let functor = step.path.first().is_some_and(|name| name.as_deref() == Some("__functor"));
            let path = step.path.iter().skip(usize::from(functor)).cloned().collect();
            return self.push(Step { functions: step.functions.saturating_sub(1), ..on(path) });
        }
        let Some((function, arguments)) = it.lambda().map(|function| application(&function)) else { return };
        let name = last_name(&function).unwrap_or_default();
        match (name.as_str(), arguments.len()) {
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
                let lazy = step.functions > 0 && is_lazy(&name);
                let bare = step.bare && step.path.is_empty() && !lazy;
                self.push(Step { bare, functions: 0, ..on(Vec::new()) });
            }
        }
    }

    /// `value.name` takes the tainted part along only where the names agree.
    fn selected(&mut self, step: &Step, select: SyntaxNode) {
        let Some(it) = ast::Select::cast(select.clone()) else { return };
        let mut path = step.path.clone();
        if it.expr().is_some_and(|expr| *expr.syntax() == step.node) {
            let names = it.attrpath().map(|path| attr_path(&path)).unwrap_or_default();
            match below(&names, &path) {
                Some(rest) => path = rest,
                None => return,
            }
        }
        self.push(Step { node: select, path, ..step.clone() });
    }

    /// `{ argument ? value }:`
    fn argument_default(&mut self, step: &Step, entry: &SyntaxNode) {
        let lambda = entry.ancestors().find(|node| node.kind() == SyntaxKind::NODE_LAMBDA);
        let name = ast::PatEntry::cast(entry.clone()).and_then(|it| it.ident());
        if let (Some(lambda), Some(name)) = (lambda, name) {
            self.variable(step, &(lambda, name.syntax().text().to_string()), step.path.clone());
        }
    }

    /// `set.${value}` and `{ ${value} = …; }`
    fn computed_name(&mut self, step: &Step, dynamic: &SyntaxNode) {
        let Some(path) = dynamic.parent() else { return };
        let Some(owner) = path.parent() else { return };
        if owner.kind() == SyntaxKind::NODE_ATTRPATH_VALUE {
            // The set that has the name depends on it, whatever is looked up in it.
            let path = ast::Attrpath::cast(path);
            let before =
                path.iter().flat_map(ast::Attrpath::attrs).take_while(|attr| attr.syntax() != dynamic);
            let names = before.map(|attr| attr_name(&attr)).collect();
            return self.bound(&Step { path: Vec::new(), ..step.clone() }, &owner, names);
        }
        self.push(Step { node: owner, path: Vec::new(), bare: false, ..step.clone() });
    }

    /// `inherit (value) a b;`
    fn inherited(&mut self, step: &Step, from: &SyntaxNode) {
        let Some(inherit) = from.parent().and_then(ast::Inherit::cast) else { return };
        for attr in inherit.attrs() {
            let name = attr_name(&attr);
            if let Some(rest) = below(std::slice::from_ref(&name), &step.path) {
                let inner = Step { path: rest, ..step.clone() };
                self.bound(&inner, inherit.syntax(), vec![name]);
            }
        }
    }

    /// A value bound to `names` in a `let` or a set.
    fn bound(&mut self, step: &Step, binding: &SyntaxNode, names: AttrPath) {
        let Some(scope) = binding.parent() else { return };
        let mut path = names;
        path.extend(step.path.iter().cloned());
        let recursive = match scope.kind() {
            SyntaxKind::NODE_ATTR_SET => {
                ast::AttrSet::cast(scope.clone()).is_some_and(|set| set.rec_token().is_some())
            }
            _ => true,
        };
        if recursive {
            match path.split_first() {
                Some((Some(name), rest)) => {
                    self.variable(step, &(scope.clone(), name.clone()), rest.to_vec());
                }
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
                if let Some(path) = below(&[Some("body".to_owned())], &path) {
                    self.push(Step { node: scope, path, ..step.clone() });
                }
            }
            _ => {}
        }
    }

    fn variable(&mut self, step: &Step, variable: &Variable, path: AttrPath) {
        let Some(scopes) = self.flow.scopes.get(step.file) else { return };
        for node in scopes.uses(variable) {
            self.push(Step { node: node.clone(), path: path.clone(), ..step.clone() });
        }
    }

    /// The value of a whole file.
    fn top(&mut self, step: Step) {
        let Some(entry) = self.flow.project.files.get(step.file) else { return };
        match entry.role {
            Role::Flake => self.flake(&step.path),
            Role::Module => self.module(step.file, &step.path, step.bare),
            Role::Imported => {}
            Role::Unreached => {
                self.everything(format!("flakepart does not see who imports {}", entry.path));
            }
        }
        for (file, node) in self.flow.readers.of_file(step.file) {
            let imports = self.flow.project.is_import_of_module(*file, node);
            if !imports {
                self.push(Step { file: *file, node: node.clone(), ..step.clone() });
            }
        }
    }

    /// A part of a flake.nix that flake-parts does not make.
    fn flake(&mut self, path: &AttrPath) {
        match path.as_slice() {
            [Some(outputs), Some(output), ..] if outputs == "outputs" => {
                self.reach.outputs.insert(output.clone());
            }
            _ => self.everything("it makes the flake's outputs as a whole"),
        }
    }

    /// A definition in a flake-parts module.
    fn module(&mut self, file: usize, path: &[Option<String>], bare: bool) {
        let path = match path.split_first() {
            Some((Some(first), rest)) if first == "config" => rest,
            _ => path,
        };
        let Some((first, rest)) = path.split_first() else {
            let name = self.file_name(file);
            return self.everything(format!("it makes a whole module of {name}"));
        };
        match (first.as_deref(), rest) {
            // What an imported module defines, it defines here.
            (Some("imports"), [_, ..]) => self.module(file, rest, bare),
            (Some("imports"), []) => self.reach.imported = true,
            (Some("perSystem"), [_, ..]) => self.per_system(file, rest),
            (Some("flake"), [Some(output), deeper @ ..]) => {
                if deeper.is_empty() && bare {
                    self.reach.forced = Some(output.clone());
                }
                self.reach.outputs.insert(output.clone());
                self.option(path);
            }
            (Some("_module"), [Some(args), Some(name), deeper @ ..]) if args == "args" => {
                self.defined_argument(name, deeper);
            }
            (Some("options" | "_module"), _) | (None, _) => {
                let name = self.file_name(file);
                self.everything(format!("{name} defines something computed from it"));
            }
            (Some(name), _) if EVERYWHERE.contains(&name) => {
                self.everything(format!("`{name}` depends on it"));
            }
            (Some(name), _) => {
                self.owned(name);
                self.option(path);
            }
        }
    }

    /// A definition inside `perSystem`.
    fn per_system(&mut self, file: usize, path: &[Option<String>]) {
        let path = match path.split_first() {
            Some((Some(first), rest)) if first == "config" => rest,
            _ => path,
        };
        match path {
            [Some(imports), rest @ ..] if imports == "imports" => match rest {
                [] => self.reach.imported = true,
                _ => self.per_system(file, rest),
            },
            [Some(module), Some(args), Some(name), deeper @ ..] if module == "_module" && args == "args" => {
                self.defined_argument(name, deeper);
            }
            [Some(name), ..]
                if PER_SYSTEM_OUTPUTS.contains(&name.as_str()) || self.flow.readers.is_transposed(name) =>
            {
                self.reach.outputs.insert(name.clone());
                if name == "formatter" {
                    // To see whether there is one at all, flake-parts evaluates it at the root, partition or
                    // not (`modules/formatter.nix`).
                    self.reach.forced = Some(name.clone());
                }
                self.per_system_option(path);
            }
            [Some(name), ..] if name != "options" && name != "_module" => {
                self.owned(name);
                self.per_system_option(path);
            }
            _ => {
                let name = self.file_name(file);
                self.everything(format!("{name} defines something computed from it"));
            }
        }
    }

    /// `_module.args.name = …`
    fn defined_argument(&mut self, name: &str, path: &[Option<String>]) {
        self.reach.in_pkgs |= name == "pkgs";
        self.argument(name, path);
    }

    /// An option that no module here declares belongs to a flakeModule: what that makes of the value
    /// is not to be seen in this repository.
    fn owned(&mut self, option: &str) {
        if !self.flow.readers.knows_option(option) {
            self.everything(format!("it sets the option `{option}`, which no module here declares"));
        }
    }

    /// `config.x…`, wherever any module reads it.
    fn option(&mut self, path: &[Option<String>]) {
        let flow = self.flow;
        for (place, path) in flow.readers.of_option(path) {
            self.push(Step { file: place.file, node: place.node.clone(), path, bare: true, functions: 0 });
        }
    }

    /// `config.x…` inside `perSystem`, and the ways by which other modules get there (flake-parts:
    /// `modules/perSystem.nix`): `config.allSystems.SYSTEM.x`, `config.perSystem SYSTEM`, `getSystem SYSTEM`.
    fn per_system_option(&mut self, path: &[Option<String>]) {
        let below = |names: &[Option<&str>]| -> AttrPath {
            names.iter().map(|name| name.map(str::to_owned)).chain(path.iter().cloned()).collect()
        };
        self.option(path);
        self.option(&below(&[Some("allSystems"), None]));
        self.option(&below(&[Some("perSystem")]));
        self.argument("getSystem", path);
    }

    /// A module argument: every function that takes an argument of this name.
    fn argument(&mut self, name: &str, path: &[Option<String>]) {
        let flow = self.flow;
        for (place, path) in flow.readers.of_argument(name, path) {
            self.push(Step { file: place.file, node: place.node.clone(), path, bare: true, functions: 0 });
        }
    }

    fn file_name(&self, file: usize) -> &str {
        self.flow.project.files.get(file).map_or("a file", |entry| Utf8Path::as_str(&entry.path))
    }
}

/// Whether a function makes a set or a list of what another gives, without looking at it.
fn is_lazy(function: &str) -> bool {
    matches!(function, "genAttrs" | "listToAttrs" | "map" | "mapAttrs" | "mapAttrs'")
        || function.to_ascii_lowercase().ends_with("system")
        || function.to_ascii_lowercase().ends_with("systems")
}
