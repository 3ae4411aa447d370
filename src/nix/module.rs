//! The shape of flake-parts modules: what a module defines, which files it imports, where an
//! import-tree begins, and how partitions are wired.

use std::collections::BTreeMap;

use rnix::SyntaxKind;

use super::code::{Node, Path};
use super::{Source, TreeFilter};

/// One definition in a module: `perSystem.packages.hello = …`, with a leading `config.` left out.
pub(super) struct Definition<'a> {
    /// The option path; a computed name is `None`.
    pub(super) path: Path<'a>,
    pub(super) binding: Node<'a>,
    pub(super) value: Node<'a>,
}

/// An application of import-tree to a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportTree {
    /// The folder as written, relative to the file.
    pub path: String,
    /// Which of its files it imports; none where code decides that cannot be read.
    pub filter: Option<TreeFilter>,
    /// The 1-based line.
    pub line: usize,
}

/// How a module wires partitions (flake-parts: `extras/partitions.nix`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wiring {
    /// Flake output attribute to partition, with the line.
    pub attrs: BTreeMap<String, (String, usize)>,
    /// Partition to its `extraInputsFlake` folder as written (where it is a path literal), and line.
    pub folders: BTreeMap<String, (Option<String>, usize)>,
    /// Partition to the modules that it has besides the root's, as written, where these are path literals.
    pub modules: BTreeMap<String, Vec<String>>,
    /// A line where something is wired in a form that cannot be read.
    pub unreadable: Option<usize>,
}

/// The parts that a module is made of, seen through functions, `let`, `with`, `//`, `mkIf` and
/// `mkMerge`: attribute sets, and whatever else stands where a module may stand.
pub(super) fn parts<'a>(node: Node<'a>, found: &mut Vec<Node<'a>>) {
    let node = node.bare();
    let inner: Vec<Node<'a>> = match node.kind() {
        SyntaxKind::NODE_LAMBDA | SyntaxKind::NODE_LET_IN | SyntaxKind::NODE_WITH => {
            node.last_child().into_iter().collect()
        }
        SyntaxKind::NODE_BIN_OP if node.operator() == Some(SyntaxKind::TOKEN_UPDATE) => {
            node.children().collect()
        }
        SyntaxKind::NODE_LIST => node.children().collect(),
        SyntaxKind::NODE_APPLY => {
            let (function, mut arguments) = node.application();
            match function.last_name() {
                Some("mkIf" | "mkMerge") => arguments.pop().into_iter().collect(),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    };
    if inner.is_empty() {
        found.push(node);
    }
    inner.into_iter().for_each(|part| parts(part, found));
}

/// The expressions in a file that are flake-parts modules: a module file's own expression, or in a
/// flake.nix what is given to `mkFlake`.
pub(super) fn module_expressions(source: &Source, is_flake: bool) -> Vec<Node<'_>> {
    let code = source.code();
    if !is_flake {
        return code.expression().into_iter().collect();
    }
    // `mkFlake arguments` is no module yet.
    let applied = code.root().descendants().filter(|node| node.kind() == SyntaxKind::NODE_APPLY);
    let modules = applied.map(Node::application).filter_map(|(function, mut arguments)| {
        let is_module = function.last_name() == Some("mkFlake") && arguments.len() == 2;
        is_module.then(|| arguments.pop()).flatten()
    });
    modules.collect()
}

/// Every binding of an attribute set written out, nested sets flattened: `a.b = { c = 1; }` gives `a.b.c`.
fn flatten<'a>(set: Node<'a>, prefix: &Path<'a>, leaf: &mut dyn FnMut(Path<'a>, Node<'a>, Node<'a>)) {
    for binding in set.bindings() {
        let Some(value) = binding.value() else { continue };
        let path: Path<'a> = prefix.iter().copied().chain(binding.names()).collect();
        match value.bare() {
            // An empty one is a value like any other.
            set if set.kind() == SyntaxKind::NODE_ATTR_SET && set.child(0).is_some() => {
                flatten(set, &path, leaf);
            }
            _ => leaf(path, binding, value),
        }
    }
}

fn definitions_of(set: Node<'_>) -> Vec<Definition<'_>> {
    let mut definitions = Vec::new();
    flatten(set, &Vec::new(), &mut |mut path, binding, value| {
        if path.first() == Some(&Some("config")) {
            path.remove(0);
        }
        definitions.push(Definition { path, binding, value });
    });
    definitions
}

/// What a module defines that is sets written out, and nothing else.
pub(super) fn definitions_in(module: Node<'_>) -> Option<Vec<Definition<'_>>> {
    let mut found = Vec::new();
    parts(module, &mut found);
    let in_sets = |inherit: &Node<'_>, part: &Node<'_>| {
        let kinds = inherit.ancestors().skip(1).take_while(|outer| outer != part).map(Node::kind);
        kinds.into_iter().all(|kind| {
            let set = [SyntaxKind::NODE_ATTR_SET, SyntaxKind::NODE_ATTRPATH_VALUE, SyntaxKind::NODE_PAREN];
            set.contains(&kind)
        })
    };
    let written_out = |part: &Node<'_>| {
        let mut inherits = part.descendants().filter(|node| node.kind() == SyntaxKind::NODE_INHERIT);
        part.kind() == SyntaxKind::NODE_ATTR_SET && !inherits.any(|inherit| in_sets(&inherit, part))
    };
    found.iter().all(written_out).then(|| found.into_iter().flat_map(definitions_of).collect())
}

impl Source {
    /// What a module defines, set by set down to the values that are no sets.
    pub(super) fn definitions(&self, is_flake: bool) -> Vec<Definition<'_>> {
        let mut found = Vec::new();
        for node in module_expressions(self, is_flake) {
            parts(node, &mut found);
        }
        let sets = found.into_iter().filter(|part| part.kind() == SyntaxKind::NODE_ATTR_SET);
        sets.flat_map(definitions_of).collect()
    }

    /// What a module imports: the elements of its `imports`, and what stands beside its sets.
    pub(super) fn imports(&self, is_flake: bool) -> Vec<Node<'_>> {
        let mut found = Vec::new();
        for node in module_expressions(self, is_flake) {
            parts(node, &mut found);
        }
        found.retain(|part| part.kind() != SyntaxKind::NODE_ATTR_SET);
        for definition in self.definitions(is_flake) {
            if definition.path == [Some("imports")] {
                found.extend(elements(definition.value));
            }
        }
        found
    }

    /// The paths of the modules that this one imports, as written, with the lines.
    pub fn imported_paths(&self, is_flake: bool) -> Vec<(String, usize)> {
        let imports = self.imports(is_flake).into_iter();
        imports
            .filter_map(|import| Some((import.literal_path()?.to_owned(), self.line(import.start()))))
            .collect()
    }

    /// The folders that `imports` is computed from, as written, with the lines: which of their files are
    /// imported nobody sees.
    #[must_use]
    pub fn folders_read(&self, is_flake: bool) -> Vec<(String, usize)> {
        let definitions = self.definitions(is_flake).into_iter();
        let imports = definitions.filter(|definition| definition.path == [Some("imports")]);
        let nodes = imports.flat_map(|definition| definition.value.descendants());
        let is_read = |apply: &Node<'_>| {
            let function = apply.application().0.last_name().unwrap_or_default();
            apply.kind() == SyntaxKind::NODE_APPLY
                && !matches!(function, "import" | "importApply" | "callPackage")
        };
        let paths = nodes.filter(is_read).flat_map(|apply| apply.application().1);
        let paths = paths.flat_map(Node::descendants);
        paths
            .filter_map(|node| Some((node.literal_path()?.to_owned(), self.line(node.start()))))
            .filter(|(path, _)| !path.ends_with(".nix"))
            .collect()
    }

    /// The import-trees that this module imports.
    #[must_use]
    pub fn import_trees(&self, is_flake: bool) -> Vec<ImportTree> {
        let mut trees = Vec::new();
        for import in self.imports(is_flake) {
            let chain = Chain::of(import);
            let Some(at) = chain.names.iter().position(|name| *name == "import-tree") else { continue };
            let methods = chain.names.get(at + 1..).unwrap_or_default();
            // Each takes one argument, and the folder comes last.
            let filter =
                Some(()).filter(|()| methods.is_empty() || chain.arguments.len() == methods.len() + 1);
            let calls = || methods.iter().copied().zip(chain.arguments.iter().copied());
            let filter = filter.and_then(|()| TreeFilter::read(calls()));
            let paths = chain.arguments.iter().flat_map(|it| elements(*it)).filter_map(Node::literal_path);
            trees.extend(paths.map(|path| ImportTree {
                path: path.to_owned(),
                filter: filter.clone(),
                line: self.line(import.start()),
            }));
        }
        trees
    }

    /// Whether the flake's outputs are made by flake-parts.
    #[must_use]
    pub fn calls_mk_flake(&self) -> bool {
        self.mk_flake_line().is_some()
    }

    /// Where the flake is handed to flake-parts.
    pub(super) fn mk_flake_line(&self) -> Option<usize> {
        module_expressions(self, true).first().map(|module| self.line(module.start()))
    }

    /// The function that a flake.nix's `outputs` is.
    pub(super) fn outputs(&self) -> Option<Node<'_>> {
        let flake = self.code().expression()?.bare();
        let binding = flake.bindings().find(|binding| binding.names().first() == Some(&Some("outputs")))?;
        binding.value().map(Node::bare).filter(|value| value.kind() == SyntaxKind::NODE_LAMBDA)
    }

    /// Whether a flake.nix has any outputs: `outputs = _: { }` has none.
    #[must_use]
    pub fn has_outputs(&self) -> bool {
        let body = self.outputs().and_then(Node::last_child).map(Node::bare);
        body.is_none_or(|body| body.kind() != SyntaxKind::NODE_ATTR_SET || body.child(0).is_some())
    }

    /// The file that a flake.nix imports its outputs from, as written: `outputs = inputs: import ./x.nix inputs`.
    #[must_use]
    pub fn outputs_file(&self) -> Option<String> {
        let (function, arguments) = self.outputs()?.last_child()?.application();
        let path = arguments.first().filter(|_| function.last_name() == Some("import"))?;
        path.literal_path().map(str::to_owned)
    }

    /// The partitions that this module wires.
    #[must_use]
    pub fn wiring(&self, is_flake: bool) -> Wiring {
        let mut wiring = Wiring::default();
        for Definition { path, binding, value } in self.definitions(is_flake) {
            let line = self.line(binding.start());
            match path.as_slice() {
                [Some("partitionedAttrs"), Some(attr)] => match value.bare().string() {
                    Some(partition) => {
                        wiring.attrs.insert((*attr).to_owned(), (partition.to_owned(), line));
                    }
                    None => wiring.unreadable = Some(line),
                },
                [Some("partitions"), Some(partition), rest @ ..] => {
                    let folder = wiring.folders.entry((*partition).to_owned()).or_insert((None, line));
                    if rest == [Some("extraInputsFlake")] {
                        *folder = (value.literal_path().map(str::to_owned), line);
                    }
                    if matches!(rest, [Some("module")] | [Some("module"), Some("imports")]) {
                        let paths = elements(value).into_iter().filter_map(Node::literal_path);
                        let modules = wiring.modules.entry((*partition).to_owned()).or_default();
                        modules.extend(paths.map(str::to_owned));
                    }
                }
                [Some("partitionedAttrs")] => match routes(value) {
                    Some(routes) => wiring.attrs.extend(routes.into_iter().map(|(attr, partition)| {
                        (attr.to_owned(), (partition.to_owned(), self.line(value.start())))
                    })),
                    None => wiring.unreadable = Some(line),
                },
                [Some("partitions")] if value.bare().kind() == SyntaxKind::NODE_ATTR_SET => {}
                [Some("partitionedAttrs" | "partitions"), ..] => wiring.unreadable = Some(line),
                _ => {}
            }
        }
        wiring
    }
}

/// Output and partition, as a value of `partitionedAttrs` says them: in sets written out, also joined by `//`,
/// and in `genAttrs [ "checks" ] (_: "dev")`. None where it is in another form.
pub(super) fn routes(value: Node<'_>) -> Option<Vec<(&str, &str)>> {
    let value = value.bare();
    match value.kind() {
        SyntaxKind::NODE_ATTR_SET => {
            let routes = value.children().map(|binding| match binding.names().as_slice() {
                [Some(attr)] => Some((*attr, binding.value()?.bare().string()?)),
                _ => None,
            });
            routes.collect()
        }
        SyntaxKind::NODE_BIN_OP if value.operator() == Some(SyntaxKind::TOKEN_UPDATE) => {
            let sides: Option<Vec<_>> = value.children().map(routes).collect();
            sides.map(|sides| sides.into_iter().flatten().collect())
        }
        SyntaxKind::NODE_APPLY => {
            let (function, arguments) = value.application();
            let [attrs, partition] = arguments.as_slice() else { return None };
            let (attrs, partition) = (attrs.bare(), partition.bare());
            let is_read = function.last_name() == Some("genAttrs")
                && attrs.kind() == SyntaxKind::NODE_LIST
                && partition.kind() == SyntaxKind::NODE_LAMBDA;
            let partition = partition.last_child().filter(|_| is_read)?.bare().string()?;
            attrs.children().map(|attr| Some((attr.bare().string()?, partition))).collect()
        }
        _ => None,
    }
}

/// What stands along a chain of selections and applications: `(inputs.import-tree.filter f).match g ./x`
/// has the names `inputs`, `import-tree`, `filter`, `match` and the arguments `f`, `g` and `./x`.
#[derive(Default)]
struct Chain<'a> {
    names: Vec<&'a str>,
    arguments: Vec<Node<'a>>,
}

impl<'a> Chain<'a> {
    fn of(node: Node<'a>) -> Chain<'a> {
        let mut chain = Chain::default();
        chain.walk(node);
        chain
    }

    fn walk(&mut self, node: Node<'a>) {
        let node = node.bare();
        match node.kind() {
            SyntaxKind::NODE_IDENT => self.names.push(node.text()),
            SyntaxKind::NODE_SELECT => {
                if let Some(base) = node.child(0) {
                    self.walk(base);
                }
                self.names.extend(node.names().into_iter().flatten());
            }
            SyntaxKind::NODE_APPLY => {
                let (function, argument) = (node.child(0).map(Node::bare), node.child(1));
                // `import inputs.import-tree` is the same, where it is an input that is no flake.
                if function.and_then(Node::last_name) == Some("import") {
                    argument.into_iter().for_each(|file| self.walk(file));
                    return;
                }
                if let Some(function) = function {
                    self.walk(function);
                }
                self.arguments.extend(argument);
            }
            _ => {}
        }
    }
}

/// The elements of a list written out, through `++`; anything else is an element itself.
pub(super) fn elements(node: Node<'_>) -> Vec<Node<'_>> {
    let node = node.bare();
    match node.kind() {
        SyntaxKind::NODE_LIST => node.children().map(Node::bare).collect(),
        SyntaxKind::NODE_BIN_OP if node.operator() == Some(SyntaxKind::TOKEN_CONCAT) => {
            node.children().flat_map(elements).collect()
        }
        _ => vec![node],
    }
}

/// Whether a path literal stands in an `imports` list, or is given to import-tree: then the module system
/// reads the file, and what the file defines was followed as a module.
pub(super) fn stands_in_imports(node: Node<'_>) -> bool {
    let Some(outer) = outside_of_lists(node) else { return false };
    match outer.kind() {
        SyntaxKind::NODE_ATTRPATH_VALUE => outer.names().last() == Some(&Some("imports")),
        SyntaxKind::NODE_APPLY => {
            outer.child(0).is_some_and(|function| is_import_tree(function.application().0))
        }
        _ => false,
    }
}

/// Whether a path literal is read as one Nix expression: of a folder, that is its `default.nix`.
pub(super) fn is_imported(node: Node<'_>) -> bool {
    let Some(outer) = outside_of_lists(node) else { return false };
    match outer.kind() {
        SyntaxKind::NODE_ATTRPATH_VALUE => {
            matches!(outer.names().last(), Some(Some("imports" | "modules" | "sharedModules")))
                || partition_module_in(outer) == Some(0)
        }
        SyntaxKind::NODE_APPLY => {
            let function = outer.child(0).and_then(Node::last_name);
            matches!(function, Some("import" | "scopedImport" | "callPackage"))
        }
        _ => false,
    }
}

/// Where `module` stands among the names of a binding, counted from the last one, if it is that of a partition:
/// in `partitions.NAME.module.imports = …`, also set by set.
pub(super) fn partition_module_in(binding: Node<'_>) -> Option<usize> {
    let bindings = binding.ancestors().filter(|node| node.kind() == SyntaxKind::NODE_ATTRPATH_VALUE);
    let inwards: Vec<Option<&str>> = bindings.flat_map(|binding| binding.names().into_iter().rev()).collect();
    let mut places = inwards.windows(3).take(binding.names().len());
    places.position(|names| matches!(names, [Some("module"), _, Some("partitions")]))
}

/// Whether a path literal is read as an expression, and that is not among the `imports` of a module.
pub(super) fn is_called(node: Node<'_>) -> bool {
    let function = outside_of_lists(node).filter(|outer| outer.kind() == SyntaxKind::NODE_APPLY);
    let function = function.and_then(|apply| apply.child(0)).and_then(Node::last_name);
    let mut bindings = node.ancestors().filter(|outer| outer.kind() == SyntaxKind::NODE_ATTRPATH_VALUE);
    matches!(function, Some("import" | "scopedImport" | "callPackage"))
        && !bindings.any(|binding| binding.names().last() == Some(&Some("imports")))
}

/// What holds a node, seen through lists, parentheses and `++`.
fn outside_of_lists(node: Node<'_>) -> Option<Node<'_>> {
    node.ancestors().skip(1).find(|outer| match outer.kind() {
        SyntaxKind::NODE_LIST | SyntaxKind::NODE_PAREN => false,
        _ => outer.operator() != Some(SyntaxKind::TOKEN_CONCAT),
    })
}

/// `inputs.import-tree`, `import-tree`, `inputs.import-tree.filter`.
fn is_import_tree(node: Node<'_>) -> bool {
    Chain::of(node).names.contains(&"import-tree")
}
