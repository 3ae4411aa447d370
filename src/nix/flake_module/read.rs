//! A flakeModule read in its source. What it does must be written out: whatever is computed makes the
//! answer "not known", which is always a right one.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use rnix::SyntaxKind;

use super::FlakeModule;
use crate::nix::Source;
use crate::nix::code::Node;
use crate::nix::flow::PER_SYSTEM_OUTPUTS;
use crate::nix::module::{Definition, definitions_in};
use crate::nix::project::joined;
use crate::nix::scope::Scopes;

/// More files than any flakeModule has.
const MAX_FILES: usize = 64;

impl FlakeModule {
    /// Reads the flakeModule of the flake that `read` gives the files of; `None` where it has none, or
    /// where it does what cannot be read.
    pub(super) fn read(read: &dyn Fn(&Utf8Path) -> Option<Vec<u8>>) -> Option<FlakeModule> {
        let flake = Source::parse(&read(Utf8Path::new("flake.nix"))?).ok()?;
        let mut queue = vec![module_file(&flake)?];
        let mut reader = Reader::default();
        let mut seen = BTreeSet::new();
        while let Some(path) = queue.pop() {
            if !seen.insert(path.clone()) {
                continue;
            }
            if seen.len() > MAX_FILES {
                return None;
            }
            let inside = path.join("default.nix");
            let (path, bytes) = match read(&path) {
                Some(bytes) => (path, bytes),
                None => (inside.clone(), read(&inside)?),
            };
            let source = Source::parse(&bytes).ok()?;
            reader.top(&source)?;
            reader.reads(&source)?;
            queue.extend(
                reader.imports.drain(..).map(|import| joined(&path, &import)).collect::<Option<Vec<_>>>()?,
            );
        }
        reader.finish()
    }
}

/// The file that a flake.nix names as its flakeModule: `flakeModule = ./flake-module.nix`.
fn module_file(flake: &Source) -> Option<Utf8PathBuf> {
    let bindings =
        flake.code().root().descendants().filter(|node| node.kind() == SyntaxKind::NODE_ATTRPATH_VALUE);
    let mut values = bindings.filter(|binding| {
        matches!(
            binding.names().as_slice(),
            [.., Some("flakeModule")] | [.., Some("flakeModules"), Some("default")]
        )
    });
    let path = values.find_map(|binding| binding.value()?.bare().literal_path())?;
    joined(Utf8Path::new("flake.nix"), path)
}

#[derive(Default)]
struct Reader {
    module: FlakeModule,
    /// What it defines beside outputs: its own options, as has to be seen in the end.
    defined: BTreeSet<String>,
    imports: Vec<String>,
}

impl Reader {
    /// A module at the top of flake-parts.
    fn top(&mut self, source: &Source) -> Option<()> {
        for Definition { path, value, .. } in definitions_in(source.code().expression()?)? {
            match path.as_slice() {
                [Some("imports")] => self.imported(value)?,
                [Some("options"), Some("perSystem")] => {
                    self.per_system(value.bare().application().1.pop()?)?;
                }
                [Some("options"), Some("flake")] => {
                    // `mkSubmoduleOptions { x = mkOption …; }`
                    let declared = value.bare().application().1.pop()?.bare();
                    for binding in declared.bindings() {
                        self.module.outputs.insert((*binding.names().first()?)?.to_owned());
                    }
                }
                [Some("perSystem")] => self.per_system(value)?,
                [Some("options" | "perSystem" | "flake"), Some("perSystem" | "flake"), ..] => return None,
                [Some("options"), Some(option), ..] => {
                    self.module.options.insert((*option).to_owned());
                }
                [Some("flake"), Some(output), ..] => {
                    self.module.outputs.insert((*output).to_owned());
                }
                [Some("_file")] => {}
                [Some(option), ..] => {
                    self.defined.insert((*option).to_owned());
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn per_system(&mut self, module: Node<'_>) -> Option<()> {
        for Definition { path, .. } in definitions_in(module)? {
            match path.as_slice() {
                [Some("options"), Some(option), ..] => {
                    self.module.options.insert((*option).to_owned());
                }
                [Some(output), ..] if PER_SYSTEM_OUTPUTS.contains(output) => {
                    self.module.outputs.insert((*output).to_owned());
                }
                [Some("imports" | "_module" | "options"), ..] => return None,
                [Some(option), ..] => {
                    self.defined.insert((*option).to_owned());
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn imported(&mut self, list: Node<'_>) -> Option<()> {
        let list = list.bare();
        if list.kind() != SyntaxKind::NODE_LIST {
            return None;
        }
        for element in list.children() {
            self.imports.push(element.bare().literal_path()?.to_owned());
        }
        Some(())
    }

    /// What a file reads by its arguments: options, inputs, the flake itself.
    fn reads(&mut self, source: &Source) -> Option<()> {
        let scopes = Scopes::of(source.code());
        if !scopes.in_with.is_empty()
            && scopes.in_with.iter().any(|(_, name)| matches!(*name, "config" | "inputs" | "self"))
        {
            return None;
        }
        self.module.reads_inputs |= scopes.arguments("inputs", None).next().is_some();
        self.module.reads_self |= scopes.arguments("self", None).any(reads_outputs);
        for config in scopes.arguments("config", None) {
            let parent = config.parent()?;
            let read = match parent.kind() {
                SyntaxKind::NODE_SELECT => vec![*parent.names().first()?],
                SyntaxKind::NODE_INHERIT_FROM => parent.parent()?.inherited().map(Node::name).collect(),
                _ => return None,
            };
            for option in read {
                // What other modules make of `packages` and the like is not for this one to say.
                let option =
                    option.filter(|name| !PER_SYSTEM_OUTPUTS.contains(name) && *name != "allSystems")?;
                self.module.reads_options.insert(option.to_owned());
            }
        }
        Some(())
    }

    fn finish(mut self) -> Option<FlakeModule> {
        let own = self.module.options.clone();
        self.module.reads_options.retain(|option| !own.contains(option));
        (!own.is_empty() && self.defined.is_subset(&own)).then_some(self.module)
    }
}

/// Whether a use of `self` wants more than the flake's source.
fn reads_outputs(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return true };
    match parent.kind() {
        SyntaxKind::NODE_SELECT => !matches!(
            parent.names().first(),
            Some(Some("outPath" | "sourceInfo" | "rev" | "lastModifiedDate"))
        ),
        SyntaxKind::NODE_INTERPOL => false,
        // The default of an option that is a path.
        SyntaxKind::NODE_ATTRPATH_VALUE => !matches!(parent.names().last(), Some(Some("default" | "src"))),
        // `mkDefault self`
        SyntaxKind::NODE_APPLY => parent.child(0).and_then(Node::last_name) != Some("mkDefault"),
        _ => true,
    }
}
