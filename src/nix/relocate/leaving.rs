//! Which code of which file leaves the root.

use std::collections::{BTreeMap, BTreeSet};

use super::{Relocating, Stuck};
use crate::nix::code::Node;
use crate::nix::edit::{Edits, cut_bindings, cut_elements, cut_operands};
use crate::nix::items::{Condition, Item, What};
use crate::nix::project::{ProjectFile, Role, joined};
use crate::nix::scope::Scopes;
use crate::nix::sites::{Mention, mentions};
use crate::nix::usage::SiteKind;
use rnix::SyntaxKind;

/// A piece of code that leaves a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// An element of `imports`.
    Import(Node<'a>),
    /// The binding of a definition.
    Definition(Node<'a>),
    /// A part of a module under a condition.
    Part(Node<'a>),
}

impl<'a> Piece<'a> {
    pub(super) fn node(self) -> Node<'a> {
        match self {
            Piece::Import(node) | Piece::Definition(node) | Piece::Part(node) => node,
        }
    }
}

/// What leaves a file, and what else the file says.
#[derive(Debug, Default)]
pub(super) struct Leaving<'a> {
    pub(super) pieces: Vec<(Piece<'a>, Item<'a>)>,
    /// What the partition may have as well, for it provides the outputs that this defines.
    routed: Vec<Item<'a>>,
    /// The modules that it imports by path.
    imports: Vec<(usize, Item<'a>, Node<'a>)>,
    /// Whether it says anything that has to stay.
    stays: bool,
    /// The lines of the sites in what leaves it.
    pub(super) sites: BTreeSet<usize>,
}

impl<'a> Leaving<'a> {
    /// For each module that anything leaves, and those between them and flake.nix.
    pub(super) fn of_all(relocating: &Relocating<'a>) -> Result<BTreeMap<usize, Leaving<'a>>, Vec<Stuck>> {
        let mut all = BTreeMap::new();
        let mut stuck = Vec::new();
        for (at, file) in relocating.project.files.iter().enumerate() {
            if matches!(file.role, Role::Flake | Role::Module) {
                match Leaving::of(relocating, file) {
                    Ok(leaving) => {
                        all.insert(at, leaving);
                    }
                    Err(reasons) => stuck.extend(reasons),
                }
            }
        }
        if stuck.is_empty() { Ok(all) } else { Err(stuck) }
    }

    fn of(relocating: &Relocating<'a>, file: &'a ProjectFile) -> Result<Leaving<'a>, Vec<Stuck>> {
        let is_flake = file.role == Role::Flake;
        let scopes = Scopes::of(file.source.code());
        let found = mentions_of(relocating, file, &scopes);
        let options = relocating.options();
        let (mut leaving, mut stuck) = (Leaving::default(), Vec::new());
        let forced = |node: Node<'_>| {
            found.iter().filter(|mention| node.contains(mention.node)).find_map(|mention| {
                let sites = relocating.usages.sites.get(mention.input?)?;
                let line = file.source.line(mention.node.start());
                sites.iter().find(|site| site.file == file.path && site.line == line)?.forced.clone()
            })
        };
        for item in file.source.items(is_flake) {
            let touches = |node: Node<'_>, what: &dyn Fn(&Mention<'_>) -> bool| {
                found.iter().any(|mention| node.contains(mention.node) && what(mention))
            };
            let guarded = item.conditions.iter().any(|it| touches(it.condition, &is_guard));
            let asks = |it: &&Condition<'_>| touches(it.condition, &|mention| !is_guard(mention));
            let under = item.conditions.iter().find(asks);
            let piece = match &item.what {
                _ if guarded => None,
                What::Import(element) => {
                    touches(*element, &|it| !is_guard(it)).then_some(Piece::Import(*element))
                }
                What::Definition { path, binding, .. } => {
                    let output = if item.of_system { path.first() } else { path.get(1) };
                    let is_option =
                        path.first().copied().flatten().is_some_and(|name| options.contains(name));
                    let is_forced =
                        forced(*binding).is_some_and(|forced| output.copied().flatten() == Some(&*forced));
                    let is_outer = touches(*binding, &|mention| mention.outer);
                    (is_option || ((is_forced || is_outer) && relocating.is_routed(&item)))
                        .then_some(Piece::Definition(*binding))
                }
                What::Opaque(node) => {
                    // What it defines is not seen, but it says whose option it may be.
                    let words = |name: &&&str| node.descendants().any(|it| it.name() == Some(**name));
                    if let Some(option) = options.iter().find(words) {
                        let why = format!("this may define `{option}`, and flakepart cannot read it");
                        stuck.push(relocating.stuck(file, *node, why));
                    }
                    None
                }
            };
            match (under, piece) {
                (Some(condition), _) => leaving.pieces.push((Piece::Part(condition.part), item)),
                (None, Some(piece)) => leaving.pieces.push((piece, item)),
                (None, None) => leaving.other(relocating, file, item),
            }
        }
        // Of what stands under one condition, each item was seen.
        for (piece, item) in &leaving.pieces {
            let is_seen = matches!(item.what, What::Import(_)) || relocating.is_routed(item);
            if matches!(piece, Piece::Part(_)) && !is_seen && !relocating.is_option(item) {
                let why =
                    "what stands under this condition defines more than the partition provides".to_owned();
                stuck.push(relocating.stuck(file, piece.node(), why));
            }
        }
        leaving.pieces.dedup_by_key(|(piece, _)| *piece);
        let leaves = |node: Node<'_>| leaving.pieces.iter().any(|(piece, _)| piece.node().contains(node));
        let sites = found.iter().filter(|mention| leaves(mention.node));
        leaving.sites = sites.map(|mention| file.source.line(mention.node.start())).collect();
        if stuck.is_empty() { Ok(leaving) } else { Err(stuck) }
    }

    /// What does not have to leave.
    fn other(&mut self, relocating: &Relocating<'a>, file: &ProjectFile, item: Item<'a>) {
        if let What::Import(element) = item.what
            && let Some(module) = relocating.module_at(file, element)
        {
            self.imports.push((module, item, element));
        } else if relocating.is_routed(&item) {
            self.routed.push(item);
        } else {
            self.stays = true;
        }
    }
}

/// Whether a question is one that the root answers with no: `inputs ? x`, `inputs.x.flakeModule or { }`.
fn is_guard(mention: &Mention<'_>) -> bool {
    mention.kind == SiteKind::Existence
}

fn mentions_of<'a>(
    relocating: &Relocating<'a>,
    file: &'a ProjectFile,
    scopes: &'a Scopes<'a>,
) -> Vec<Mention<'a>> {
    let mut found = mentions(&file.source, scopes, file.role == Role::Flake, relocating.names).all;
    found.retain(|mention| mention.input.is_some_and(|input| relocating.moving.contains(input)));
    found
}

impl<'a> Relocating<'a> {
    /// Says that a piece of code cannot move.
    pub(super) fn stuck(&self, file: &ProjectFile, node: Node<'_>, why: String) -> Stuck {
        let scopes = Scopes::of(file.source.code());
        let touched = mentions_of(self, file, &scopes);
        let touched = touched.iter().filter(|mention| node.contains(mention.node));
        let mut inputs: BTreeSet<String> = touched.filter_map(|it| it.input).map(str::to_owned).collect();
        // What defines an option belongs to the input that declares it.
        let declares = |input: &&&str| {
            let options = self.modules.of_input(input).into_iter().flat_map(|module| module.options());
            options.into_iter().any(|option| node.descendants().any(|it| it.name() == Some(option)))
        };
        inputs.extend(self.moving.iter().filter(declares).map(|input| (*input).to_owned()));
        Stuck { file: file.path.clone(), line: file.source.line(node.start()), why, inputs }
    }

    /// The options that the moving flakeModules declare, but for those that others declare, too.
    fn options(&self) -> BTreeSet<&'a str> {
        let of = |moves: bool| {
            let names = self.names.iter().filter(move |name| self.moving.contains(**name) == moves);
            names.filter_map(|name| self.modules.of_input(name)).flat_map(|module| module.options())
        };
        let kept: BTreeSet<&str> = of(false).collect();
        of(true).filter(|option| !kept.contains(option)).collect()
    }

    fn is_option(&self, item: &Item<'_>) -> bool {
        let What::Definition { path, .. } = &item.what else { return false };
        path.first().copied().flatten().is_some_and(|name| self.options().contains(name))
    }

    /// Whether it defines an output that the partition provides.
    fn is_routed(&self, item: &Item<'_>) -> bool {
        let What::Definition { path, .. } = &item.what else { return false };
        let output = match path.as_slice() {
            [Some(output), ..] if item.of_system => output,
            [Some("flake"), Some(output), ..] => output,
            _ => return false,
        };
        self.attrs.contains(*output)
    }

    /// The module of the flake that an element of `imports` is the path of.
    fn module_at(&self, file: &ProjectFile, element: Node<'_>) -> Option<usize> {
        let path = joined(&file.path, element.literal_path()?)?;
        let exact = |path| self.project.files.iter().position(|file| file.path == path);
        exact(path.join("default.nix")).or_else(|| exact(path))
    }
}

/// The modules that leave as a whole.
pub(super) struct Whole(BTreeSet<usize>);

impl Whole {
    /// A module leaves as a whole if all that it says either has to, or defines outputs that the partition
    /// provides. What it imports goes along, so that has to leave, too.
    pub(super) fn find(relocating: &Relocating<'_>, files: &BTreeMap<usize, Leaving<'_>>) -> Whole {
        let may = |at: &usize| {
            let is_module = relocating.project.files.get(*at).is_some_and(|file| file.role == Role::Module);
            is_module && files.get(at).is_some_and(|leaving| !leaving.stays)
        };
        let mut whole: BTreeSet<usize> = files.keys().copied().filter(may).collect();
        loop {
            let stays: Vec<usize> = whole
                .iter()
                .copied()
                .filter(|at| {
                    let leaving = files.get(at);
                    let imports = || leaving.into_iter().flat_map(|it| &it.imports);
                    let any = leaving.is_some_and(|it| !it.pieces.is_empty()) || imports().next().is_some();
                    !any || imports().any(|(module, ..)| !whole.contains(module))
                })
                .collect();
            if stays.is_empty() {
                return Whole(whole);
            }
            whole.retain(|at| !stays.contains(at));
        }
    }

    pub(super) fn contains(&self, at: usize) -> bool {
        self.0.contains(&at)
    }

    /// Whether another of them imports the module.
    pub(super) fn is_imported(&self, files: &BTreeMap<usize, Leaving<'_>>, module: usize) -> bool {
        let leaving = self.0.iter().filter_map(|at| files.get(at));
        leaving.flat_map(|it| &it.imports).any(|(imported, ..)| *imported == module)
    }
}

/// The edits that take out of each file what leaves it.
pub(super) fn edits(
    relocating: &Relocating<'_>,
    files: &BTreeMap<usize, Leaving<'_>>,
    whole: &Whole,
) -> Result<BTreeMap<usize, Edits>, Vec<Stuck>> {
    let (mut all, mut stuck) = (BTreeMap::new(), Vec::new());
    for (at, leaving) in files.iter().filter(|(at, _)| !whole.contains(**at)) {
        let Some(file) = relocating.project.files.get(*at) else { continue };
        match leaving.edits(relocating, file, whole) {
            Ok(Some(edits)) => {
                all.insert(*at, edits);
            }
            Ok(None) => {}
            Err(reason) => stuck.push(reason),
        }
    }
    if stuck.is_empty() { Ok(all) } else { Err(stuck) }
}

impl<'a> Leaving<'a> {
    fn edits(
        &self,
        relocating: &Relocating<'_>,
        file: &ProjectFile,
        whole: &Whole,
    ) -> Result<Option<Edits>, Stuck> {
        let source = &file.source;
        let imported = self.imports.iter().filter(|(module, ..)| whole.contains(*module));
        let imports = imported.map(|(_, item, element)| (Piece::Import(*element), item));
        let leaving: Vec<(Piece<'a>, &Item<'a>)> =
            self.pieces.iter().map(|(piece, item)| (*piece, item)).chain(imports).collect();
        if leaving.is_empty() {
            return Ok(None);
        }
        let all = source.items(file.role == Role::Flake);
        let mut bindings: Vec<Node<'a>> = Vec::new();
        let mut rest: Vec<Node<'a>> = Vec::new();
        for (piece, _) in &leaving {
            // Where nothing is left of `imports` or `perSystem`, the whole of it goes.
            let node = piece.node();
            let emptied = node.ancestors().skip(1).find(|outer| {
                let is_whole = outer.kind() == SyntaxKind::NODE_ATTRPATH_VALUE
                    && matches!(outer.names().last(), Some(Some("imports" | "perSystem" | "flake")));
                let leaves =
                    |it: &Item<'_>| leaving.iter().any(|(piece, _)| piece.node().contains(it.node()));
                is_whole && all.iter().filter(|it| outer.contains(it.node())).all(leaves)
            });
            match (emptied, piece) {
                (Some(binding), _) => bindings.push(binding),
                (None, Piece::Definition(binding)) => bindings.push(*binding),
                (None, _) => rest.push(node),
            }
        }
        bindings.sort_by_key(|binding| binding.number());
        bindings.dedup();
        // A binding inside of another goes with that.
        let outer = bindings.clone();
        bindings.retain(|inner| !outer.iter().any(|outer| outer != inner && outer.contains(*inner)));
        let mut edits = Edits::default();
        cut_bindings(source, &bindings, &mut edits);
        let mut elements: Vec<Node<'a>> = Vec::new();
        for node in &rest {
            let Some(parent) = node.parent() else { continue };
            match parent.kind() {
                SyntaxKind::NODE_LIST => elements.push(*node),
                SyntaxKind::NODE_BIN_OP => {
                    let operands = operands(parent);
                    cut_operands(&operands, &rest, &mut edits);
                }
                _ => {
                    let why = "flakepart does not see how to take it out of the code around it".to_owned();
                    return Err(relocating.stuck(file, *node, why));
                }
            }
        }
        cut_elements(source, &elements, &mut edits);
        Ok(Some(edits.without_doubles()))
    }
}

/// All operands of the chain of one operator that `operation` is a part of.
fn operands(operation: Node<'_>) -> Vec<Node<'_>> {
    let operator = operation.operator();
    let is_part = |node: &Node<'_>| node.operator() == operator;
    let top = operation.ancestors().take_while(is_part).last().unwrap_or(operation);
    let (mut queue, mut operands) = (vec![top], Vec::new());
    while let Some(node) = queue.pop() {
        if is_part(&node) { queue.extend(node.children()) } else { operands.push(node) }
    }
    operands.sort_by_key(|operand| operand.number());
    operands
}
