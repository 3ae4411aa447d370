//! Code carried out of a file into a module of its own, with what it needs from around it.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use rnix::SyntaxKind;

use super::cut::{Cut, in_parentheses};
use super::leaving::{Leaving, Piece, Whole};
use super::{Relocating, Stuck};
use crate::nix::code::Node;
use crate::nix::edit::{comments_within, extent};
use crate::nix::items::{Item, What};
use crate::nix::project::{ProjectFile, Role, joined, relative};
use crate::nix::scope::Scopes;
use crate::nix::write::{attribute, formatted};

/// The text of a module in `folder` that says what leaves a file; empty where nothing does.
pub(super) fn carried(
    relocating: &Relocating<'_>,
    file: &ProjectFile,
    leaving: &Leaving<'_>,
    whole: &Whole,
    folder: &Utf8Path,
) -> Result<String, Vec<Stuck>> {
    let scopes = Scopes::of(file.source.code());
    let mut carrier = Carrier {
        relocating,
        file,
        cut: Cut::new(relocating, file, leaving, whole),
        scopes: &scopes,
        folder,
        top: Level::default(),
        system: Level::default(),
        seen: BTreeSet::new(),
        commented: BTreeSet::new(),
        uses: Vec::new(),
        stuck: Vec::new(),
    };
    for (piece, item) in &leaving.pieces {
        carrier.carry(*piece, item);
    }
    carrier.refuse_shadowed();
    if carrier.stuck.is_empty() { Ok(carrier.text()) } else { Err(carrier.stuck) }
}

/// What stands in the new module, at its top or in its `perSystem`.
#[derive(Default)]
struct Level {
    /// The arguments of its function.
    arguments: BTreeSet<String>,
    /// What its function calls all arguments together.
    whole: Option<String>,
    /// The bindings of its `let`, by where they stood.
    lets: BTreeMap<u32, String>,
    /// The elements of its `imports`.
    imports: Vec<String>,
    /// The expressions that make further elements of it: the module system takes no list within a list.
    import_lists: Vec<String>,
    definitions: Vec<String>,
    /// The expressions that make further parts of it, each below its comments.
    parts: Vec<(String, String)>,
    /// Whether the module system has to merge the parts: `//` is not what put them together.
    merges: bool,
}

impl Level {
    fn is_empty(&self) -> bool {
        let no_imports = self.imports.is_empty() && self.import_lists.is_empty();
        no_imports && self.definitions.is_empty() && self.parts.is_empty()
    }

    /// Whether `mkMerge` puts it together; `inner` tells of a definition more.
    fn is_merged(&self, inner: bool) -> bool {
        self.merges && (self.parts.len() > 1 || inner || !self.definitions.is_empty())
    }

    /// The parts as operands of an operator, or elements of a list.
    fn parts(&self) -> impl Iterator<Item = String> {
        self.parts.iter().map(|(comments, part)| format!("{comments}({part})"))
    }

    /// The level as an expression; `inner` is a definition more.
    fn text(&self, inner: &str) -> String {
        let mut text = String::new();
        if let (Some(whole), true) = (&self.whole, self.arguments.is_empty()) {
            text.push_str(&format!("{whole}:\n"));
        } else if !self.arguments.is_empty() {
            let names: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
            let whole = self.whole.as_ref().map_or(String::new(), |whole| format!("{whole}@"));
            text.push_str(&format!("{whole}{{ {}, ... }}:\n", names.join(", ")));
        }
        if !self.lets.is_empty() {
            let lets: Vec<&str> = self.lets.values().map(String::as_str).collect();
            text.push_str(&format!("let\n{}\nin\n", lets.join("\n")));
        }
        let elements = match self.imports.as_slice() {
            [] => None,
            [import] if !import.contains(['\n', '#']) => Some(format!("[ {import} ]")),
            imports => Some(format!("[\n{}\n]", imports.join("\n"))),
        };
        let imports: Vec<String> = elements.into_iter().chain(self.import_lists.iter().cloned()).collect();
        let imports = (!imports.is_empty()).then(|| format!("imports = {};", imports.join(" ++ ")));
        let definitions = Some(self.definitions.join("\n")).filter(|text| !text.is_empty());
        let inner = Some(inner.to_owned()).filter(|text| !text.is_empty());
        let set = |said: Vec<String>| format!("{{\n{}\n}}", said.join("\n\n"));
        if self.merges {
            let defined: Vec<String> = definitions.into_iter().chain(inner).collect();
            let defined = Some(defined).filter(|defined| !defined.is_empty()).map(set);
            let merged = match (defined, self.parts.as_slice()) {
                (None, [(comments, part)]) => format!("{comments}{part}"),
                (defined, _) => {
                    let all: Vec<String> = defined.into_iter().chain(self.parts()).collect();
                    format!("lib.mkMerge [\n{}\n]", all.join("\n"))
                }
            };
            text.push_str(&match imports {
                Some(imports) => set(vec![imports, format!("config = {merged};")]),
                None => merged,
            });
            return text;
        }
        let said: Vec<String> = imports.into_iter().chain(definitions).chain(inner).collect();
        if let ([(comments, part)], true) = (self.parts.as_slice(), said.is_empty()) {
            text.push_str(&format!("{comments}{part}"));
            return text;
        }
        let sets = Some(said).filter(|said| !said.is_empty() || self.parts.is_empty()).map(set);
        let sets: Vec<String> = sets.into_iter().chain(self.parts()).collect();
        text.push_str(&sets.join(" // "));
        text
    }
}

const PER_SYSTEM: Option<&str> = Some("perSystem");

struct Carrier<'a, 's> {
    relocating: &'s Relocating<'s>,
    file: &'a ProjectFile,
    cut: Cut<'a>,
    scopes: &'s Scopes<'a>,
    folder: &'s Utf8Path,
    top: Level,
    system: Level,
    /// The variables that were looked up, by scope and name.
    seen: BTreeSet<(u32, &'a str)>,
    /// The bindings that leave with all that is in them, whose comments were taken along.
    commented: BTreeSet<u32>,
    uses: Vec<Use<'a>>,
    stuck: Vec<Stuck>,
}

/// A variable that code in the new module uses.
struct Use<'a> {
    name: &'a str,
    node: Node<'a>,
    /// Whether the code stands in `perSystem`.
    in_system: bool,
    /// Where the variable is bound: in `perSystem` or not, and which `let` does, where it is no argument.
    bound: (bool, Option<u32>),
}

impl<'a> Carrier<'a, '_> {
    fn carry(&mut self, piece: Piece<'a>, item: &Item<'a>) {
        let node = piece.node();
        // What the sets around a definition say of where it belongs, goes along with it.
        let is_said = matches!(&item.what, What::Definition { prefix, .. } if prefix.contains(&PER_SYSTEM));
        let is_inside = |outer: Node<'_>| {
            outer.kind() == SyntaxKind::NODE_ATTRPATH_VALUE && outer.names().contains(&PER_SYSTEM)
        };
        let in_system =
            node.ancestors().skip(1).any(is_inside) && !(is_said && matches!(piece, Piece::Definition(_)));
        self.capture(node, item, in_system);
        let text = rebased_text(node, &self.file.path, self.folder);
        let (above, behind) = self.comments(piece);
        let level = if in_system { &mut self.system } else { &mut self.top };
        match (piece, &item.what) {
            (Piece::Import(_), _) => {
                let is_plain = matches!(
                    node.kind(),
                    SyntaxKind::NODE_SELECT | SyntaxKind::NODE_IDENT | SyntaxKind::NODE_ATTR_SET
                );
                let around = in_parentheses(node).parent().map(Node::kind);
                if around == Some(SyntaxKind::NODE_LIST) {
                    let text = if is_plain { text } else { format!("({text})") };
                    level.imports.push(format!("{above}{text}{behind}"));
                } else {
                    // Behind a comment at the end of its line, nothing more could follow.
                    level.import_lists.push(format!("\n{above}{text}{behind}\n"));
                }
            }
            // The sets around it, which it leaves, say where it belongs.
            (Piece::Definition(_), What::Definition { prefix, .. }) => {
                let names: String =
                    prefix.iter().flatten().map(|name| format!("{}.", attribute(name))).collect();
                level.definitions.push(format!("{above}{names}{text}{behind}"));
            }
            (Piece::Definition(_), _) => level.definitions.push(format!("{above}{text}{behind}")),
            (Piece::Part(_), _) => {
                let around = in_parentheses(node).parent();
                level.merges |= around.is_none_or(|it| it.operator() != Some(SyntaxKind::TOKEN_UPDATE));
                level.parts.push((above, text));
            }
        }
    }

    /// The comments that belong to a piece, above it and behind it; with them those of what is
    /// emptied by it.
    fn comments(&mut self, piece: Piece<'a>) -> (String, String) {
        let source = &self.file.source;
        let around = |node: Node<'a>| {
            let extent = extent(source, node.start(), node.end());
            let texts = |range| -> Vec<String> {
                comments_within(source, range).map(|it| source.text()[it].trim().to_owned()).collect()
            };
            (texts(extent.start..node.start()), texts(node.end()..extent.end))
        };
        let (mut above, mut behind) = around(in_parentheses(piece.node()));
        let emptied = self.cut.emptied(piece.node()).or_else(|| self.cut.emptied_element(piece.node()));
        let emptied = emptied.filter(|it| *it != in_parentheses(piece.node()));
        if let Some(emptied) = emptied.filter(|it| self.commented.insert(it.number())) {
            let (head, tail) = around(emptied);
            above.splice(0..0, head);
            above.extend(tail);
        }
        if matches!(piece, Piece::Part(_)) {
            above.append(&mut behind);
        }
        let above = above.into_iter().map(|comment| format!("{comment}\n"));
        (above.collect(), behind.into_iter().map(|comment| format!(" {comment}")).collect())
    }
}

impl<'a> Carrier<'a, '_> {
    /// Takes along the variables that a piece of code uses and does not bind itself.
    fn capture(&mut self, node: Node<'a>, item: &Item<'a>, in_system: bool) {
        let scopes = self.scopes;
        let mut captured: Vec<(Node<'a>, &'a str)> = scopes
            .variables()
            .filter(|((scope, _), uses)| !node.contains(*scope) && uses.iter().any(|it| node.contains(*it)))
            .map(|(variable, _)| *variable)
            .collect();
        captured.sort_by_key(|(scope, name)| (scope.number(), *name));
        for (scope, name) in captured {
            let is_let = scope.kind() == SyntaxKind::NODE_LET_IN;
            let of_system = item.per_system.is_some_and(|function| function.contains(scope));
            let bound = (of_system, is_let.then_some(scope.number()));
            self.uses.push(Use { name, node, in_system, bound });
            if self.seen.insert((scope.number(), name)) {
                self.bind(scope, name, node, item);
            }
        }
        let opened = |(inner, _): &&(Node<'a>, &'a str)| {
            node.contains(*inner)
                && inner.ancestors().any(|outer| {
                    outer.kind() == SyntaxKind::NODE_WITH
                        && !node.contains(outer)
                        && outer.child(1).is_some_and(|body| body.contains(*inner))
                })
        };
        if let Some((_, name)) = scopes.in_with.iter().find(opened) {
            self.refuse(node, format!("`{name}` comes from a `with` around it"));
        }
    }

    /// Refuses code of which a variable would mean another one in the new module, which has one `let` for
    /// all those around the code.
    fn refuse_shadowed(&mut self) {
        let uses = std::mem::take(&mut self.uses);
        for Use { name, node, in_system, bound } in &uses {
            let of_name =
                |system: bool| uses.iter().filter(move |it| it.name == *name && it.bound.0 == system);
            let nearer = *in_system && of_name(true).next().is_some();
            if of_name(nearer).any(|other| other.bound != *bound) || nearer != bound.0 {
                self.refuse(*node, format!("`{name}` is bound more than once around it"));
                return;
            }
        }
    }

    fn refuse(&mut self, node: Node<'_>, why: String) {
        self.stuck.push(self.relocating.stuck(self.file, node, why));
    }

    /// Binds a variable in the new module as it is bound where the code comes from.
    fn bind(&mut self, scope: Node<'a>, name: &'a str, node: Node<'a>, item: &Item<'a>) {
        let is_flake = self.file.role == Role::Flake;
        match scope.kind() {
            SyntaxKind::NODE_LAMBDA if Some(scope) == item.per_system => {
                argument(&mut self.system, scope, name)
            }
            SyntaxKind::NODE_LAMBDA if Some(scope) == item.function => argument(&mut self.top, scope, name),
            // The inputs of the root are not those of the partition.
            SyntaxKind::NODE_LAMBDA if is_flake && Some(scope) == self.file.source.outputs() => {
                self.input(scope, name);
            }
            SyntaxKind::NODE_LET_IN => self.local(scope, name, item),
            SyntaxKind::NODE_LAMBDA => {
                self.refuse(node, format!("it uses `{name}`, an argument of a function around it"));
            }
            _ => self.refuse(node, format!("it uses `{name}` of a `rec` set around it")),
        }
    }

    /// An argument of a flake.nix's `outputs`.
    fn input(&mut self, outputs: Node<'a>, name: &'a str) {
        let is_one = outputs.child(0).is_some_and(|it| is_formal(it, name));
        match (is_one, name) {
            (true, "self") | (false, "inputs") => {
                self.top.arguments.insert(name.to_owned());
            }
            _ => {
                self.top.arguments.insert("inputs".to_owned());
                let text =
                    if is_one { format!("inherit (inputs) {name};") } else { format!("{name} = inputs;") };
                // No two variables of one function have one name.
                let number = outputs.number() + u32::try_from(self.top.lets.len()).unwrap_or_default();
                self.top.lets.insert(number, text);
            }
        }
    }

    /// A variable of a `let`.
    fn local(&mut self, scope: Node<'a>, name: &'a str, item: &Item<'a>) {
        let of_system = item.per_system.is_some_and(|function| function.contains(scope));
        for entry in scope.children() {
            let (node, text) = match entry.kind() {
                SyntaxKind::NODE_ATTRPATH_VALUE if entry.names().first() == Some(&Some(name)) => {
                    (entry, rebased_text(entry, &self.file.path, self.folder))
                }
                SyntaxKind::NODE_INHERIT => {
                    let Some(attr) = entry.inherited().find(|attr| attr.name() == Some(name)) else {
                        continue;
                    };
                    match entry.source() {
                        Some(source) => {
                            let from = rebased_text(source, &self.file.path, self.folder);
                            (source, format!("inherit {from} {};", attr.text()))
                        }
                        None => (attr, format!("inherit {};", attr.text())),
                    }
                }
                _ => continue,
            };
            self.capture(node, item, of_system);
            let level = if of_system { &mut self.system } else { &mut self.top };
            level.lets.insert(node.number(), text);
        }
    }

    /// The new module.
    fn text(mut self) -> String {
        if self.top.is_empty() && self.system.is_empty() {
            return String::new();
        }
        if self.top.is_merged(!self.system.is_empty()) || self.system.is_merged(false) {
            self.top.arguments.insert("lib".to_owned());
        }
        let per_system = if self.system.is_empty() {
            String::new()
        } else {
            format!("perSystem = {};", self.system.text(""))
        };
        formatted(&self.top.text(&per_system))
    }
}

/// Whether a function's parameter names an argument by itself, and not all of them together.
fn is_formal(parameter: Node<'_>, name: &str) -> bool {
    parameter.kind() == SyntaxKind::NODE_PATTERN
        && parameter.children().any(|entry| {
            entry.kind() == SyntaxKind::NODE_PAT_ENTRY && entry.child(0).is_some_and(|it| it.text() == name)
        })
}

fn argument(level: &mut Level, function: Node<'_>, name: &str) {
    if function.child(0).is_some_and(|parameter| is_formal(parameter, name)) {
        level.arguments.insert(name.to_owned());
    } else if let Some(whole) = level.whole.as_ref().filter(|whole| *whole != name) {
        level.lets.insert(function.number(), format!("{name} = {whole};"));
    } else {
        level.whole = Some(name.to_owned());
    }
}

/// The text of code that goes from a file into a folder, with the paths in it still leading where they led.
fn rebased_text(node: Node<'_>, file: &Utf8Path, folder: &Utf8Path) -> String {
    let mut text = String::new();
    let mut kept = 0;
    for path in node.descendants().filter(|it| it.kind() == SyntaxKind::NODE_PATH_REL) {
        let (start, end) = (path.start() - node.start(), path.end() - node.start());
        text.push_str(node.text().get(kept..start).unwrap_or_default());
        text.push_str(&rebased_path(path.text(), file, folder));
        kept = end;
    }
    text.push_str(node.text().get(kept..).unwrap_or_default());
    text
}

/// A path literal of which only the folders before what is computed change.
fn rebased_path(path: &str, file: &Utf8Path, folder: &Utf8Path) -> String {
    let certain = path.find("${").unwrap_or(path.len());
    let (head, tail) = match path.get(..certain).and_then(|head| head.rsplit_once('/')) {
        Some((head, _)) if certain < path.len() => (head, path.get(head.len()..).unwrap_or_default()),
        _ => (path, ""),
    };
    // What leads out of the flake Nix refuses wherever it stands.
    let Some(target) = joined(file, head) else { return path.to_owned() };
    let target = relative(&folder.join("module.nix"), &target);
    if tail.is_empty() { target } else { format!("{}{tail}", target.strip_suffix("/.").unwrap_or(&target)) }
}

/// The text of a file that moves from one path to another, with the paths in it still leading where they
/// led.
#[must_use]
pub fn rebased(source: &crate::nix::Source, from: &Utf8Path, to: &Utf8Path) -> String {
    let root = source.code().root();
    let folder = to.parent().unwrap_or(Utf8Path::new(""));
    let head = source.text().get(..root.start()).unwrap_or_default();
    let tail = source.text().get(root.end()..).unwrap_or_default();
    format!("{head}{}{tail}", rebased_text(root, from, folder))
}
