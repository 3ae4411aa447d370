//! The shape of flake-parts modules: what a module defines, which files it imports, where an
//! import-tree begins, and how partitions are wired.

use std::collections::BTreeMap;

use rnix::ast::{self, BinOpKind};
use rnix::{SyntaxKind, SyntaxNode};
use rowan::ast::AstNode as _;

use super::Source;
use super::declare::{flake_set, outputs_function};
use super::syntax::{
    AttrPath, application, attr_name, attr_path, flatten, last_name, literal_path, literal_string,
    unparenthesized,
};

/// One definition in a module: `perSystem.packages.hello = …`, with a leading `config.` left out.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The option path; a computed name is `None`.
    pub path: Vec<Option<String>>,
    /// The 1-based line.
    pub line: usize,
    pub(super) value: ast::Expr,
}

/// An application of import-tree to a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportTree {
    /// The folder as written, relative to the file.
    pub path: String,
    /// Whether a filter or a map of the user's own decides what is imported.
    pub filtered: bool,
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
    /// A line where something is wired in a form that cannot be read.
    pub unreadable: Option<usize>,
}

/// The parts that a module is made of, seen through functions, `let`, `with`, `//`, `mkIf` and
/// `mkMerge`: attribute sets, and whatever else stands where a module may stand.
fn parts(expr: &ast::Expr, found: &mut Vec<ast::Expr>) {
    let expr = unparenthesized(expr.clone());
    let inner = match &expr {
        ast::Expr::Lambda(it) => it.body().into_iter().collect(),
        ast::Expr::LetIn(it) => it.body().into_iter().collect(),
        ast::Expr::With(it) => it.body().into_iter().collect(),
        ast::Expr::BinOp(it) if it.operator() == Some(BinOpKind::Update) => {
            [it.lhs(), it.rhs()].into_iter().flatten().collect()
        }
        ast::Expr::List(list) => list.items().collect(),
        ast::Expr::Apply(_) => {
            let (function, mut arguments) = application(&expr);
            match last_name(&function).as_deref() {
                Some("mkIf" | "mkMerge") => arguments.pop().into_iter().collect(),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    };
    if inner.is_empty() {
        found.push(expr);
    }
    inner.iter().for_each(|part| parts(part, found));
}

/// The expressions in a file that are flake-parts modules: a module file's own expression, or in a
/// flake.nix what is given to `mkFlake`.
pub(super) fn module_expressions(source: &Source, is_flake: bool) -> Vec<ast::Expr> {
    if !is_flake {
        return source.expression().into_iter().collect();
    }
    applications(source)
        .filter_map(|(function, mut arguments)| {
            let is_module = last_name(&function).as_deref() == Some("mkFlake") && arguments.len() == 2;
            is_module.then(|| arguments.pop()).flatten()
        })
        .collect()
}

/// Every outermost function application of a file.
fn applications(source: &Source) -> impl Iterator<Item = (ast::Expr, Vec<ast::Expr>)> {
    source
        .root()
        .descendants()
        .filter_map(ast::Apply::cast)
        .filter(|apply| {
            let inside =
                apply.syntax().ancestors().skip(1).find(|node| node.kind() != SyntaxKind::NODE_PAREN);
            inside.and_then(ast::Apply::cast).and_then(|outer| outer.lambda()).is_none_or(|function| {
                !function.syntax().text_range().contains_range(apply.syntax().text_range())
            })
        })
        .map(|apply| application(&ast::Expr::Apply(apply)))
}

impl Source {
    /// What a module defines, set by set down to the values that are no sets.
    #[must_use]
    pub fn definitions(&self, is_flake: bool) -> Vec<Definition> {
        let mut found = Vec::new();
        for expr in module_expressions(self, is_flake) {
            parts(&expr, &mut found);
        }
        let mut definitions = Vec::new();
        let descend = |_: &AttrPath, value: &ast::Expr| match unparenthesized(value.clone()) {
            ast::Expr::AttrSet(set) => Some(set),
            _ => None,
        };
        for part in found {
            let ast::Expr::AttrSet(set) = part else { continue };
            flatten(&set, &Vec::new(), &descend, &mut |path, binding, value| {
                let skip = usize::from(path.first().is_some_and(|name| name.as_deref() == Some("config")));
                definitions.push(Definition {
                    path: path.iter().skip(skip).cloned().collect(),
                    line: self.line(binding.syntax().text_range().start()),
                    value: value.clone(),
                });
            });
        }
        definitions
    }

    /// What a module imports: the elements of its `imports`, and what stands beside its sets.
    fn imports(&self, is_flake: bool) -> Vec<ast::Expr> {
        let mut found = Vec::new();
        for expr in module_expressions(self, is_flake) {
            parts(&expr, &mut found);
        }
        found.retain(|part| !matches!(part, ast::Expr::AttrSet(_)));
        for definition in self.definitions(is_flake) {
            if matches!(definition.path.as_slice(), [Some(name)] if name == "imports") {
                found.extend(elements(&definition.value));
            }
        }
        found
    }

    /// The paths of the modules that this one imports, as written, with the lines.
    pub(super) fn imported_paths(&self, is_flake: bool) -> Vec<(String, usize)> {
        let imports = self.imports(is_flake);
        let line = |import: &ast::Expr| self.line(import.syntax().text_range().start());
        imports.iter().filter_map(|import| Some((literal_path(import)?, line(import)))).collect()
    }

    /// The import-trees that this module imports.
    #[must_use]
    pub fn import_trees(&self, is_flake: bool) -> Vec<ImportTree> {
        let mut trees = Vec::new();
        for (function, arguments) in self.imports(is_flake).iter().map(application) {
            let mut chain = Vec::new();
            import_tree_chain(&function, &mut chain);
            let Some(at) = chain.iter().position(|name| name == "import-tree") else { continue };
            for path in arguments.iter().flat_map(elements).filter_map(|element| literal_path(&element)) {
                trees.push(ImportTree {
                    path,
                    filtered: chain.len() > at + 1,
                    line: self.line(function.syntax().text_range().start()),
                });
            }
        }
        trees
    }

    /// Whether the flake's outputs are made by flake-parts.
    #[must_use]
    pub fn calls_mk_flake(&self) -> bool {
        !module_expressions(self, true).is_empty()
    }

    /// The file that a flake.nix imports its outputs from, as written: `outputs = inputs: import ./x.nix inputs`.
    #[must_use]
    pub fn outputs_file(&self) -> Option<String> {
        let outputs = outputs_function(self, &flake_set(self).ok()?).ok()?;
        let (function, arguments) = application(&outputs.body()?);
        let path = arguments.first().filter(|_| last_name(&function).as_deref() == Some("import"))?;
        literal_path(path)
    }

    /// The partitions that this module wires.
    #[must_use]
    pub fn wiring(&self, is_flake: bool) -> Wiring {
        let mut wiring = Wiring::default();
        for Definition { path, line, value } in self.definitions(is_flake) {
            let names: Vec<Option<&str>> = path.iter().map(Option::as_deref).collect();
            match names.as_slice() {
                [Some("partitionedAttrs"), Some(attr)] => match unparenthesized(value) {
                    ast::Expr::Str(string) => match literal_string(&string) {
                        Some(partition) => {
                            wiring.attrs.insert((*attr).to_owned(), (partition, line));
                        }
                        None => wiring.unreadable = Some(line),
                    },
                    _ => wiring.unreadable = Some(line),
                },
                [Some("partitions"), Some(partition), rest @ ..] => {
                    let folder = wiring.folders.entry((*partition).to_owned()).or_insert((None, line));
                    if rest == [Some("extraInputsFlake")] {
                        *folder = (literal_path(&value), line);
                    }
                }
                [Some("partitionedAttrs" | "partitions"), ..] => wiring.unreadable = Some(line),
                _ => {}
            }
        }
        wiring
    }
}

/// The names along a chain of selections and applications: `(inputs.import-tree.filter f).match` gives
/// `inputs`, `import-tree`, `filter`, `match`.
fn import_tree_chain(expr: &ast::Expr, chain: &mut Vec<String>) {
    match unparenthesized(expr.clone()) {
        ast::Expr::Ident(ident) => chain.push(ident.syntax().text().to_string()),
        ast::Expr::Select(select) => {
            if let Some(base) = select.expr() {
                import_tree_chain(&base, chain);
            }
            let names = select.attrpath().into_iter().flat_map(|path| path.attrs());
            chain.extend(names.filter_map(|attr| attr_name(&attr)));
        }
        ast::Expr::Apply(apply) => {
            if let Some(function) = apply.lambda() {
                import_tree_chain(&function, chain);
            }
        }
        _ => {}
    }
}

/// The elements of a list written out, through `++`; anything else is an element itself.
fn elements(expr: &ast::Expr) -> Vec<ast::Expr> {
    match unparenthesized(expr.clone()) {
        ast::Expr::List(list) => list.items().map(unparenthesized).collect(),
        ast::Expr::BinOp(it) if it.operator() == Some(BinOpKind::Concat) => {
            [it.lhs(), it.rhs()].iter().flatten().flat_map(elements).collect()
        }
        other => vec![other],
    }
}

/// Whether a path literal stands in an `imports` list or is applied by nothing: then the module system
/// reads the file, and what the file defines was followed as a module.
pub(super) fn stands_in_imports(node: &SyntaxNode) -> bool {
    let mut inner = node.clone();
    while let Some(parent) = inner.parent() {
        match parent.kind() {
            SyntaxKind::NODE_LIST | SyntaxKind::NODE_PAREN | SyntaxKind::NODE_BIN_OP => inner = parent,
            SyntaxKind::NODE_ATTRPATH_VALUE => {
                let path = ast::AttrpathValue::cast(parent).and_then(|it| it.attrpath());
                return path.is_some_and(|path| {
                    attr_path(&path).last().is_some_and(|name| name.as_deref() == Some("imports"))
                });
            }
            SyntaxKind::NODE_APPLY => {
                let Some(function) = ast::Apply::cast(parent).and_then(|it| it.lambda()) else {
                    return false;
                };
                let (function, _) = application(&unparenthesized(function));
                return is_import_tree(&function);
            }
            _ => return false,
        }
    }
    false
}

/// `inputs.import-tree`, `import-tree`, `inputs.import-tree.filter`.
fn is_import_tree(expr: &ast::Expr) -> bool {
    match unparenthesized(expr.clone()) {
        ast::Expr::Ident(ident) => ident.syntax().text() == "import-tree",
        ast::Expr::Select(select) => {
            select.attrpath().is_some_and(|path| {
                attr_path(&path).iter().any(|name| name.as_deref() == Some("import-tree"))
            }) || select.expr().is_some_and(|base| is_import_tree(&base))
        }
        ast::Expr::Apply(apply) => apply.lambda().is_some_and(|function| is_import_tree(&function)),
        _ => false,
    }
}
