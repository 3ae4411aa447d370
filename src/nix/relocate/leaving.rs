//! Which code of which file leaves the root.

use std::collections::{BTreeMap, BTreeSet};

use rnix::SyntaxKind;

use super::{Relocating, Stuck};
use crate::nix::code::Node;
use crate::nix::items::{Condition, Item, What, is_written, items_in};
use crate::nix::project::{ProjectFile, Role, joined};
use crate::nix::scope::Scopes;
use crate::nix::sites::{Mention, mentions};
use crate::nix::usage::SiteKind;

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
    pub(super) imports: Vec<(usize, Item<'a>, Node<'a>)>,
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
        let touches = |node: Node<'_>, what: &dyn Fn(&Mention<'_>) -> bool| {
            found.iter().any(|mention| node.contains(mention.node) && what(mention))
        };
        let mut said: Vec<(Item<'a>, Option<Piece<'a>>)> = Vec::new();
        let mut parts: BTreeSet<u32> = BTreeSet::new();
        for item in file.source.items(is_flake) {
            let guarded = item.conditions.iter().any(|it| touches(it.condition, &is_guard));
            let asks = |it: &&Condition<'_>| touches(it.condition, &|mention| !is_guard(mention));
            let piece = match &item.what {
                _ if guarded => None,
                What::Import(element) => {
                    let inside =
                        if is_written(*element) { items_in(*element, item.of_system) } else { Vec::new() };
                    let touched = touches(*element, &|it| !is_guard(it));
                    let leaves = touched || inside.iter().any(|it| relocating.is_option(it));
                    let may = |it: &Item<'_>| match it.what {
                        What::Import(import) => touches(import, &|it| !is_guard(it)),
                        _ => relocating.is_option(it) || relocating.is_routed(it),
                    };
                    if leaves && !inside.iter().all(may) {
                        let why = "this module has to move, but it says more than the partition provides";
                        stuck.push(relocating.stuck(file, *element, why.to_owned()));
                    }
                    leaves.then_some(Piece::Import(*element))
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
                What::Opaque(node) if node.kind() == SyntaxKind::NODE_ATTRPATH_VALUE => {
                    if let Some(option) = options.first() {
                        let why = format!("this may define `{option}`, its name is computed");
                        stuck.push(relocating.stuck_of_options(file, *node, why));
                    }
                    None
                }
                What::Opaque(node) => {
                    // What it defines is not seen, but it says whose option it may be.
                    if let Some(option) = options.iter().find(|option| relocating.says(file, *node, option)) {
                        let why = format!("this may define `{option}`, and flakepart cannot read it");
                        stuck.push(relocating.stuck(file, *node, why));
                    }
                    None
                }
            };
            // Code does not leave a condition that it stands under.
            let first = item.conditions.first().filter(|_| piece.is_some());
            parts.extend(item.conditions.iter().find(asks).or(first).map(|it| it.part.number()));
            said.push((item, piece));
        }
        for (item, piece) in said {
            let under = item.conditions.iter().find(|it| parts.contains(&it.part.number()));
            match (under.map(|condition| condition.part), piece) {
                (Some(part), _) => leaving.pieces.push((Piece::Part(part), item)),
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

    /// Says that a piece of code, which may define any option, keeps those that declare some from moving.
    fn stuck_of_options(&self, file: &ProjectFile, node: Node<'_>, why: String) -> Stuck {
        let declares = |input: &&&str| {
            self.modules.of_input(input).is_some_and(|module| module.options().next().is_some())
        };
        let inputs = self.moving.iter().filter(declares).map(|input| (*input).to_owned()).collect();
        Stuck { inputs, ..self.stuck(file, node, why) }
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

    /// Whether code says a name, itself or in the files that it reads.
    fn says(&self, file: &ProjectFile, node: Node<'_>, word: &str) -> bool {
        let files = &self.project.files;
        let says = |node: Node<'_>| node.descendants().any(|it| it.name() == Some(word));
        let at = files.iter().position(|it| it.path == file.path).unwrap_or_default();
        let named =
            file.references.iter().map(|(number, targets)| (file.source.code().node(*number), targets));
        let mut read = named.filter(|(path, _)| node.contains(*path)).flat_map(|(path, targets)| {
            targets.iter().filter(move |target| !self.project.is_import_of_module(at, path, **target))
        });
        says(node) || read.any(|target| files.get(*target).is_some_and(|it| says(it.source.code().root())))
    }

    /// The places that read a module's file as something else, and would find other text there.
    pub(super) fn readers(&self, module: usize) -> Vec<Stuck> {
        let files = self.project.files.iter().enumerate().filter(|(_, file)| file.role != Role::Unreached);
        let places = files.flat_map(|(from, file)| {
            let naming = file.references.iter().filter(move |(_, targets)| targets.contains(&module));
            naming.map(move |(number, _)| (from, file, file.source.code().node(*number)))
        });
        let others = places.filter(|(from, _, node)| !self.project.is_import_of_module(*from, *node, module));
        let why = "this reads a file that code has to leave";
        others.map(|(_, file, node)| self.stuck(file, node, why.to_owned())).collect()
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
                    // What import-tree imports as well would be the root's still.
                    let stays =
                        |module: &usize| !whole.contains(module) || relocating.project.is_in_tree(*module);
                    !any || imports().any(|(module, ..)| stays(module))
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
