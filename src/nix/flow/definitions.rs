//! What it means that a value is defined somewhere: as an output of the flake, as an option of flake-parts
//! or of the flake's own modules, or as a module argument.

use camino::Utf8Path;

use super::{Path, Walk};
use crate::nix::flake_module::FlakeModule;
use crate::nix::readers::MK_FLAKE;

/// The outputs that flake-parts makes of definitions in `perSystem` (flake-parts: `modules/*.nix`).
pub(in crate::nix) const PER_SYSTEM_OUTPUTS: [&str; 8] =
    ["apps", "bundlers", "checks", "devShells", "formatter", "hydraJobs", "legacyPackages", "packages"];

/// The top-level options that any output may depend on.
const EVERYWHERE: [&str; 8] =
    ["systems", "debug", "perInput", "transposition", "flake", "perSystem", "partitions", "partitionedAttrs"];

impl<'a> Walk<'_, 'a> {
    /// A part of a flake.nix that flake-parts does not make.
    pub(super) fn flake(&mut self, path: &[Option<&'a str>]) {
        match path {
            [Some("outputs"), Some(output), ..] => {
                let rest = path.get(2..).unwrap_or_default();
                self.output(output, rest, rest.get(1..).unwrap_or_default());
            }
            _ => self.everything("it makes the flake's outputs as a whole"),
        }
    }

    /// A definition in a flake-parts module.
    pub(super) fn module(&mut self, file: usize, path: &[Option<&'a str>], bare: bool) {
        let path = match path.split_first() {
            Some((Some("config"), rest)) => rest,
            _ => path,
        };
        let Some((first, rest)) = path.split_first() else {
            let name = self.file_name(file);
            return self.everything(format!("it makes a whole module of {name}"));
        };
        match (*first, rest) {
            // What an imported module defines, it defines here.
            (Some("imports"), [_, ..]) => self.module(file, rest, bare),
            (Some("imports"), []) => self.imported(),
            (Some("perSystem"), [_, ..]) => self.per_system(file, rest),
            // `flake` is a submodule: with `config` it is written as modules are.
            (Some("flake"), [Some("config"), deeper @ ..]) => {
                let path: Path<'a> = std::iter::once(Some("flake")).chain(deeper.iter().copied()).collect();
                self.module(file, &path, bare);
            }
            (Some("flake"), [Some("options"), ..]) => {
                let name = self.file_name(file);
                self.everything(format!("{name} defines something computed from it"));
            }
            (Some("flake"), [Some(output), deeper @ ..]) => {
                if deeper.is_empty() && bare {
                    self.forced(output);
                }
                self.output(output, deeper, deeper.get(1..).unwrap_or_default());
                for module in self.flow.modules.reading(&format!("flake.{output}")) {
                    self.made_by(module);
                }
                self.option(path);
            }
            (Some("_module"), [Some("args"), Some(name), deeper @ ..]) => {
                self.defined_argument(name, deeper);
            }
            (Some("options" | "_module"), _) | (None, _) => {
                let name = self.file_name(file);
                self.everything(format!("{name} defines something computed from it"));
            }
            (Some("partitions"), [Some(_), Some("module"), deeper @ ..]) if !deeper.is_empty() => {
                self.partition_module(file, deeper);
                self.option(path);
            }
            (Some(name), _) if EVERYWHERE.contains(&name) => {
                self.everything(format!("`{name}` depends on it"));
            }
            (Some(name), _) => {
                let path = self.owned(name, path);
                self.option(path);
            }
        }
    }

    /// A definition in a partition's module. That is one more module of all that the root has, and of what it
    /// defines flake-parts evaluates nothing at the root.
    fn partition_module(&mut self, file: usize, path: &[Option<&'a str>]) {
        let (forced, imported) = (self.reach.forced.take(), self.reach.imported);
        self.module(file, path, false);
        self.reach.forced = forced;
        if self.reach.imported && !imported {
            self.reach.imported = false;
            self.everything("`partitions` depends on it");
        }
    }

    /// A definition inside `perSystem`.
    fn per_system(&mut self, file: usize, path: &[Option<&'a str>]) {
        let path = match path.split_first() {
            Some((Some("config"), rest)) => rest,
            _ => path,
        };
        match path {
            [Some("imports"), rest @ ..] => match rest {
                [] => self.imported(),
                _ => self.per_system(file, rest),
            },
            [Some("_module"), Some("args"), Some(name), deeper @ ..] => {
                self.defined_argument(name, deeper);
            }
            [Some(name), ..]
                if PER_SYSTEM_OUTPUTS.contains(name) || self.flow.readers.is_transposed(name) =>
            {
                let deeper = path.get(1..).unwrap_or_default();
                let with_system: Path<'a> = std::iter::once(None).chain(deeper.iter().copied()).collect();
                self.output(name, &with_system, deeper);
                let transposed: Path<'a> =
                    [Some("flake"), Some(name)].into_iter().chain(with_system).collect();
                self.option(&transposed);
                if *name == "formatter" {
                    // To see whether there is one at all, flake-parts evaluates it at the root, partition or
                    // not (`modules/formatter.nix`).
                    self.forced(name);
                }
                self.per_system_option(path);
            }
            [Some(name), ..] if *name != "options" && *name != "_module" => {
                let path = self.owned(name, path);
                self.per_system_option(path);
            }
            _ => {
                let name = self.file_name(file);
                self.everything(format!("{name} defines something computed from it"));
            }
        }
    }

    /// `_module.args.name = …`
    pub(super) fn defined_argument(&mut self, name: &'a str, path: &[Option<&'a str>]) {
        self.reach.in_pkgs |= name == "pkgs" && !self.by_self;
        self.argument(name, path);
        let below = [Some("_module"), Some("args"), Some(name)].into_iter();
        self.option(&below.chain(path.iter().copied()).collect::<Path<'a>>());
    }

    /// An output of the flake, of which the part at `path` is reached; at `of_system` in what `self'` has.
    fn output(&mut self, name: &'a str, path: &[Option<&'a str>], of_system: &[Option<&'a str>]) {
        self.reach.outputs.insert(name.to_owned());
        if self.only_plain {
            return;
        }
        let flow = self.flow;
        // `self.outputs` has the same as `self`.
        let ways = [
            ("self", None, path),
            ("self", Some("outputs"), path),
            (MK_FLAKE, None, path),
            ("self'", None, of_system),
        ];
        for (argument, below, path) in ways {
            let head = below.into_iter().chain([name]).map(Some);
            let path: Path<'a> = head.chain(path.iter().copied()).collect();
            for (place, path) in flow.readers.of_self(argument, &path) {
                if self.by_self {
                    self.reading(place, path);
                } else {
                    self.in_self.push((place, path));
                }
            }
        }
    }

    fn imported(&mut self) {
        if self.by_self {
            self.everything("a module that is imported depends on it");
        } else {
            self.reach.imported = true;
        }
    }

    fn forced(&mut self, output: &str) {
        if !self.by_self {
            self.reach.forced = Some(output.to_owned());
        }
    }

    /// A definition of an option that is no output. Gives the part of its path by which it is read.
    ///
    /// An option that no module here declares belongs to a flakeModule. If that is well known, so is what
    /// it makes of the value; else it is not to be seen in this repository.
    fn owned<'p>(&mut self, option: &str, path: &'p [Option<&'a str>]) -> &'p [Option<&'a str>] {
        let flow = self.flow;
        if let Some(names) = flow.readers.option(option) {
            return path.get(..names).unwrap_or(path);
        }
        let mut known = flow.modules.declaring(option).peekable();
        if known.peek().is_none() {
            self.everything(format!("it sets the option `{option}`, which no module here declares"));
        }
        for module in known.chain(flow.modules.reading(option)) {
            self.made_by(module);
        }
        path
    }

    /// The outputs that a flakeModule makes, and whatever reads its options.
    pub(super) fn made_by(&mut self, module: &'a FlakeModule) {
        for output in &module.outputs {
            self.output(output, &[], &[]);
            if output == "formatter" {
                self.forced(output);
            }
        }
        for option in module.options() {
            self.per_system_option(&[Some(option)]);
        }
        for argument in &module.arguments {
            self.argument(argument, &[]);
        }
    }

    /// `config.x…`, wherever any module reads it.
    fn option(&mut self, path: &[Option<&'a str>]) {
        let flow = self.flow;
        for (place, rest) in flow.readers.of_option(path) {
            let is_module = || flow.project.is_module(place.file);
            if !self.only_plain || (place.reads(path.first()) && is_module()) {
                self.reading(place, rest);
            }
        }
    }

    /// `config.x…` inside `perSystem`, and the ways by which other modules get there (flake-parts:
    /// `modules/perSystem.nix`): `config.allSystems.SYSTEM.x`, `config.perSystem SYSTEM`, `getSystem SYSTEM`.
    fn per_system_option(&mut self, path: &[Option<&'a str>]) {
        let below =
            |names: &[Option<&'static str>]| -> Path<'a> { names.iter().chain(path).copied().collect() };
        self.option(path);
        self.option(&below(&[Some("allSystems"), None]));
        self.option(&below(&[Some("perSystem")]));
        self.argument("getSystem", path);
    }

    /// A module argument: every function that takes an argument of this name.
    fn argument(&mut self, name: &str, path: &[Option<&'a str>]) {
        let flow = self.flow;
        for (place, path) in flow.readers.of_argument(name, path) {
            self.reading(place, path);
        }
    }

    fn file_name(&self, file: usize) -> &str {
        self.flow.project.files.get(file).map_or("a file", |entry| Utf8Path::as_str(&entry.path))
    }
}
