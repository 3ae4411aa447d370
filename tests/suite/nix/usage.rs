//! Who uses an input, in the forms that real flakes are written in. What is not known must come out as
//! "may", opaque or unknown: never as unused, and never as a certain set of outputs that lacks one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use flakepart::nix::{Project, Role, Site, Usage, Usages};
use insta::assert_snapshot;

use super::{dedent, source};

/// A flake of flake-parts that imports `./module.nix`.
const FLAKE: &str = r#"{
  inputs.heavy.url = "heavy";
  outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } { imports = [ ./module.nix ]; };
}"#;

fn project(files: &[(&str, &str)]) -> Project {
    let files = files.iter().map(|(path, text)| ((*path).into(), source(&dedent(text))));
    Project::new(files.collect::<BTreeMap<_, _>>())
}

/// Line, kind, the outputs, and how sure that is.
fn row(site: &Site) -> String {
    let outputs: Vec<&str> = site.outputs.iter().map(String::as_str).collect();
    let mut row = format!(
        "{}:{} {:?} [{}] {}",
        site.file,
        site.line,
        site.kind,
        outputs.join(" "),
        if site.certain { "certain" } else { "may" }
    );
    row.push_str(if site.imported { ", imported" } else { "" });
    let _ = site.forced.as_ref().map(|output| write!(row, ", forced {output}"));
    let _ = site.everything.as_ref().map(|why| write!(row, ", everything: {why}"));
    row
}

/// The sites of `heavy` and `light` and those that may touch any input.
fn usage(files: &[(&str, &str)]) -> String {
    let usages = Usages::read(&project(files), &["heavy", "light"]);
    let mut table = String::new();
    for name in ["heavy", "light"] {
        let sites = usages.sites.get(name).map_or(&[][..], Vec::as_slice);
        match (usages.usage(name), name) {
            (Usage::Unused, "light") => {}
            (usage, _) => writeln!(table, "{name}: {usage:?}").unwrap(),
        }
        for site in sites {
            let _ = writeln!(table, "  {}", row(site));
        }
    }
    for site in &usages.opaque {
        let _ = writeln!(table, "any\n  {}", row(site));
    }
    table
}

/// The same for a module of a flake-parts flake.
fn module(text: &str) -> String {
    usage(&[("flake.nix", FLAKE), ("module.nix", text)])
}

/// The same for a `perSystem` in such a module, in one line.
fn per_system(definition: &str) -> String {
    module(&format!(
        "{{ inputs, lib, ... }}: {{ perSystem = {{ inputs', self', pkgs, ... }}: {{ {definition} }}; }}"
    ))
}

/// The same for a flake.nix without flake-parts.
fn plain(outputs: &str) -> String {
    usage(&[("flake.nix", &format!("{{ outputs = {outputs}; }}"))])
}

#[test]
fn selections() {
    assert_snapshot!(per_system("packages.a = inputs.heavy.packages.x;"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(per_system("packages = { a = inputs'.heavy.packages.x; };"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(per_system("checks.a = inputs.\"heavy\".lib.f 1;"), @"
    heavy: Used
      module.nix:1 Lib [checks] certain
    ");
    assert_snapshot!(per_system("checks.a = (inputs).heavy.overlays.default;"), @"
    heavy: Used
      module.nix:1 Overlay [checks] certain
    ");
    assert_snapshot!(per_system("devShells.a = import inputs.heavy { };"), @"
    heavy: Used
      module.nix:1 Value [devShells] certain
    ");
    assert_snapshot!(per_system("apps.a = \"${inputs.heavy}/bin\";"), @"
    heavy: Used
      module.nix:1 Source [apps] certain
    ");
    assert_snapshot!(per_system("packages.a = f { src = inputs.heavy; };"), @"
    heavy: Used
      module.nix:1 Source [packages] certain
    ");
    assert_snapshot!(per_system("packages.a = inputs.${n}.x;"), @"
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Opaque [packages] may
    ");
    assert_snapshot!(per_system("packages.a = inputs.${\"heavy\"}.x;"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
}

#[test]
fn questions_whether_it_is_there() {
    assert_snapshot!(per_system("packages.a = inputs.heavy.x or pkgs.x;"), @"
    heavy: Used
      module.nix:1 Existence [packages] certain
    ");
    assert_snapshot!(per_system("packages = lib.optionalAttrs (inputs ? heavy) { a = 1; };"), @"
    heavy: Used
      module.nix:1 Existence [packages] certain
    ");
    assert_snapshot!(per_system("checks.a = inputs ? ${n};"), @"
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Existence [checks] may
    ");
    assert_snapshot!(per_system("checks.a = builtins.hasAttr \"heavy\" inputs;"), @"
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Opaque [checks] may
    ");
}

#[test]
fn inherits() {
    assert_snapshot!(per_system("packages = { inherit (inputs) heavy light; };"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    light: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(per_system("packages = { inherit (inputs.heavy.packages) a b; };"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(per_system("packages = let inherit (inputs) heavy; in { a = heavy.x; }; checks.b = heavy;"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(per_system("packages = let inherit (inputs) \"heavy\"; in { a = heavy.x; };"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(per_system("packages.a = f { inherit inputs; };"), @"
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Opaque [packages] may
    ");
}

#[test]
fn aliases() {
    assert_snapshot!(module("{ inputs, ... }: let i = inputs; h = i.heavy; in { perSystem.packages.a = h.x; perSystem.checks.b = h.y; }"), @"
    heavy: Used
      module.nix:1 Value [checks packages] certain
    ");
    assert_snapshot!(module("{ inputs, ... }: let p = { a = inputs.heavy.x; b = 1; }; in { perSystem.packages.a = p.a; perSystem.checks.b = p.b; }"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(module("{ inputs, ... }: let f = x: x.heavy; in { perSystem.packages.a = f inputs; }"), @"
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Opaque [packages] may
    ");
    assert_snapshot!(module("{ inputs, ... }: let { h = inputs.heavy; body = { perSystem.packages.a = h; }; }"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(module("args: { perSystem.packages.a = args.inputs.heavy; }"), @"
    heavy: Used
      module.nix:1 Value [packages] may
    ");
    assert_snapshot!(module("{ lib, ... }@args: { perSystem.packages.a = args.inputs.heavy; }"), @"
    heavy: Used
      module.nix:1 Value [packages] may
    ");
    assert_snapshot!(module("top@{ ... }: let inherit (top) inputs; in { perSystem.packages.a = inputs.heavy; }"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(module("top@{ ... }: with top; { perSystem.packages.a = inputs.heavy; }"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
}

#[test]
fn through_the_flake_itself() {
    assert_snapshot!(module("{ self, ... }: { flake.lib.a = self.inputs.heavy.x; }"), @"
    heavy: Used
      module.nix:1 Value [lib] certain
    ");
    assert_snapshot!(module("{ inputs, ... }: { flake.lib = { a = inputs.self.inputs.heavy.x; }; }"), @"
    heavy: Used
      module.nix:1 Value [lib] certain
    ");
    assert_snapshot!(module("{ self, ... }: let inherit (self) inputs; in { flake.lib.a = inputs.heavy; }"), @"
    heavy: Used
      module.nix:1 Value [lib] certain
    ");
    assert_snapshot!(
        usage(&[
            ("flake.nix", FLAKE),
            ("module.nix", "{ self, ... }: { flake.nixosConfigurations.a = f { specialArgs.flake = self; modules = [ ./host.nix ]; }; }"),
            ("host.nix", "{ flake, ... }: { x = flake.inputs.heavy; }"),
        ]),
        @"
    heavy: Used
      host.nix:1 Value [nixosConfigurations] may
    "
    );
}

#[test]
fn sets_of_all_inputs() {
    assert_snapshot!(per_system("packages.a = with inputs; heavy.x;"), @"
    heavy: Used
      module.nix:1 Value [packages] may
    ");
    assert_snapshot!(per_system("packages.a = with inputs; let heavy = 1; in heavy;"), @"heavy: Unused");
    assert_snapshot!(per_system("packages.a = builtins.attrValues inputs;"), @"
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Opaque [packages] may
    ");
    assert_snapshot!(per_system("packages.a = f (inputs // { });"), @"
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Opaque [packages] may
    ");
    assert_snapshot!(module("{ inputs, ... }: { flake.nixosConfigurations.a = f { specialArgs = { inherit inputs; }; }; }"), @"
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Opaque [nixosConfigurations] may
    ");
    assert_snapshot!(module("{ inputs, ... }: { _module.args.everything = inputs; }"), @"
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Opaque [] may
    ");
}

#[test]
fn names_that_are_not_the_input() {
    assert_snapshot!(per_system("# inputs.heavy\npackages.a = \"inputs.heavy ''${inputs.heavy}\"; /* inputs.heavy */ checks.heavy = heavy;"), @"
    heavy: Used
      module.nix:2 Source [packages] certain
    ");
    assert_snapshot!(per_system("packages.a = let inputs = { heavy = 1; }; in inputs.heavy;"), @"heavy: Unused");
    assert_snapshot!(per_system("packages.a = inputs.light.inputs.heavy;"), @"
    heavy: Unused
    light: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(per_system("packages.a = pkgs.heavy; heavy = 1;"), @"heavy: Unused");
}

#[test]
fn flake_modules_that_are_imported() {
    assert_snapshot!(module("{ inputs, ... }: { imports = [ inputs.heavy.flakeModule inputs.light.flakeModules.x ]; }"), @"
    heavy: Used
      module.nix:1 FlakeModule [] certain, imported
    light: Used
      module.nix:1 FlakeModule [] certain, imported
    ");
    assert_snapshot!(module("{ inputs, ... }: { imports = [ { perSystem.packages.a = inputs.heavy; } ]; }"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(module("{ inputs, ... }: { imports = lib.optional (inputs ? heavy) inputs.heavy.flakeModule; }"), @"
    heavy: Used
      module.nix:1 Existence [] certain, imported
      module.nix:1 FlakeModule [] certain, imported
    ");
    assert_snapshot!(module("{ inputs, ... }: { perSystem.imports = [ inputs.heavy.x ]; }"), @"
    heavy: Used
      module.nix:1 Value [] certain, imported
    ");
}

#[test]
fn definitions_at_the_top_level() {
    assert_snapshot!(module("{ inputs, ... }: { flake.lib = inputs.heavy.lib; }"), @"
    heavy: Used
      module.nix:1 Lib [lib] certain, forced lib
    ");
    assert_snapshot!(module("{ inputs, ... }: { flake.lib = { a = inputs.heavy.lib; }; }"), @"
    heavy: Used
      module.nix:1 Lib [lib] certain
    ");
    assert_snapshot!(module("{ inputs, lib, ... }: { flake.lib = lib.mkIf true inputs.heavy.lib; }"), @"
    heavy: Used
      module.nix:1 Lib [lib] certain, forced lib
    ");
    assert_snapshot!(module("{ inputs, lib, ... }: { flake.lib = lib.mkDefault inputs.heavy.lib; }"), @"
    heavy: Used
      module.nix:1 Lib [lib] certain
    ");
    assert_snapshot!(module("{ inputs, ... }: { flake = inputs.heavy.outputs; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: `flake` depends on it
    ");
    assert_snapshot!(module("{ inputs, ... }: { flake = { overlays.default = inputs.heavy.overlay; }; }"), @"
    heavy: Used
      module.nix:1 Overlay [overlays] certain
    ");
    assert_snapshot!(module("{ inputs, ... }: { systems = import inputs.heavy; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: `systems` depends on it
    ");
    assert_snapshot!(module("{ inputs, ... }: { flake.${inputs.heavy.name}.x = 1; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: `flake` depends on it
    ");
    assert_snapshot!(module("{ inputs, ... }: { config = f inputs.heavy; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: it makes a whole module of module.nix
    ");
}

#[test]
fn options_and_module_arguments_carry_values_on() {
    assert_snapshot!(per_system("treefmt.package = inputs.heavy.x;"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: it sets the option `treefmt`, which no module here declares
    ");
    assert_snapshot!(
        usage(&[
            ("flake.nix", FLAKE),
            (
                "module.nix",
                r#"
                { inputs, config, ... }:
                {
                  imports = [ ./reader.nix ];
                  options.my.tool = f { };
                  config.my.tool = inputs.heavy.x;
                  config.flake.lib.a = config.my.other;
                }
                "#
            ),
            ("reader.nix", "{ config, ... }: { perSystem.checks.a = config.my.tool; }"),
        ]),
        @"
    heavy: Used
      module.nix:5 Value [checks] certain
    "
    );
    assert_snapshot!(
        module("{ inputs, ... }: { perSystem = { tool, ... }: { _module.args.tool = inputs.heavy.x; apps.a = tool; }; }"),
        @"
    heavy: Used
      module.nix:1 Value [apps] certain
    "
    );
    assert_snapshot!(
        module("{ inputs, ... }: { options.perSystem = f ({ options.tools = g { }; }); config.transposition.tools = { }; config.perSystem.tools.a = inputs.heavy.x; }"),
        @"
    heavy: Used
      module.nix:1 Value [tools] certain
    "
    );
    assert_snapshot!(
        module("{ inputs, config, ... }: { perSystem.packages.a = inputs.heavy.x; flake.lib.b = config.flake.packages.x; flake.hydraJobs.c = config.packages.a; }"),
        @"
    heavy: Used
      module.nix:1 Value [hydraJobs packages] certain
    "
    );
}

#[test]
fn options_of_nixos_modules_are_not_those_of_flake_parts() {
    assert_snapshot!(
        usage(&[
            ("flake.nix", FLAKE),
            ("module.nix", "{ inputs, ... }: { flake.nixosModules.a = ./host.nix; perSystem.treefmt.x = inputs.heavy.x; }"),
            ("host.nix", "{ options.treefmt = f { }; }"),
        ]),
        @"
    heavy: Used
      module.nix:1 Value [] may, everything: it sets the option `treefmt`, which no module here declares
    "
    );
}

#[test]
fn outputs_without_a_name_of_their_own() {
    // Everything that can hide an output's name, beside what the other tests show.
    assert_snapshot!(module("{ inputs, ... }: { flake = f { lib.a = inputs.heavy; }; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: `flake` depends on it
    ");
    assert_snapshot!(module("{ inputs, ... }: { flake = { ${n}.a = inputs.heavy; }; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: `flake` depends on it
    ");
    assert_snapshot!(module("{ inputs, ... }: { perSystem = f { packages.a = inputs.heavy; }; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: `perSystem` depends on it
    ");
    assert_snapshot!(module("{ inputs, ... }: { perSystem = { ... }: { ${n}.a = inputs.heavy; }; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: module.nix defines something computed from it
    ");
    assert_snapshot!(module("{ inputs, ... }: { imports = f [ { perSystem.packages.a = inputs.heavy; } ]; }"), @"
    heavy: Used
      module.nix:1 Value [] certain, imported
    ");
    assert_snapshot!(module("{ inputs, ... }: let m = { perSystem.packages.a = inputs.heavy; }; in { imports = [ m ]; }"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(module("{ inputs, ... }: { perSystem = { ... }: { imports = [ { checks.a = inputs.heavy; } ]; }; }"), @"
    heavy: Used
      module.nix:1 Value [checks] certain
    ");
    assert_snapshot!(module("{ inputs, withSystem, ... }: { flake.lib.a = withSystem \"x\" ({ inputs', ... }: inputs'.heavy.x); }"), @"
    heavy: Used
      module.nix:1 Value [lib] certain
    ");
    assert_snapshot!(module("{ inputs, ... }: { flake = rec { lib.a = inputs.heavy; overlays.b = lib.a; }; }"), @"
    heavy: Used
      module.nix:1 Value [lib overlays] certain
    ");
    assert_snapshot!(module("{ inputs, ... }: builtins.seq inputs.heavy { flake.lib.a = 1; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: it makes a whole module of module.nix
    ");
    assert_snapshot!(module("{ inputs, ... }: assert inputs.heavy.x; { flake.lib.a = 1; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: it makes a whole module of module.nix
    ");
    assert_snapshot!(module("{ inputs, ... }: if inputs.heavy.x then { flake.lib.a = 1; } else { }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: it makes a whole module of module.nix
    ");
    assert_snapshot!(module("{ inputs, h ? inputs.heavy, ... }: { flake.lib.a = h; }"), @"
    heavy: Used
      module.nix:1 Value [lib] certain
    ");
    assert_snapshot!(module("{ inputs, ... }: { flake.lib = { a = 1; } // { b = inputs.heavy; }; }"), @"
    heavy: Used
      module.nix:1 Value [lib] certain
    ");
    assert_snapshot!(module("{ inputs, ... }: { flake = { lib.a = 1; } // inputs.heavy.outputs; }"), @"
    heavy: Used
      module.nix:1 Value [] may, everything: `flake` depends on it
    ");
    assert_snapshot!(module("{ inputs, ... }: { flake.lib = builtins.mapAttrs (n: v: v.inputs.heavy) { }; }"), @"
    heavy: Used
      module.nix:1 Value [lib] may
    ");
}

#[test]
fn functions_and_their_results() {
    assert_snapshot!(per_system("packages.a = (pkgs.callPackage ./x.nix { heavy = inputs.heavy; }).b;"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(per_system("packages = f { checks = inputs.heavy; };"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(per_system("packages = lib.mkMerge [ { a = inputs.heavy; } ];"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(per_system("packages = let s = import ./s.nix inputs.heavy; in { a = s.x; };"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
}

#[test]
fn files_that_are_handed_inputs() {
    let files = |module: &str, other: &str| {
        usage(&[("flake.nix", FLAKE), ("module.nix", module), ("other.nix", other)])
    };
    assert_snapshot!(files("{ inputs, ... }: { perSystem.packages = import ./other.nix { inherit inputs; }; }", "{ inputs }: { a = inputs.heavy; }"), @"
    heavy: Used
      other.nix:1 Value [packages] certain
    light: Unknown
    any
      module.nix:1 Opaque [packages] may
    ");
    assert_snapshot!(files("{ inputs, ... }: { perSystem.packages = import ./other.nix inputs; }", "i: { a = i.heavy; }"), @"
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Opaque [packages] may
    ");
    assert_snapshot!(files("{ inputs, ... }: { perSystem.packages.a = f ./other.nix { inherit (inputs) heavy; }; }", "{ heavy }: heavy"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(files("{ inputs, ... }: { imports = [ (import ./other.nix { inherit inputs; }) ]; }", "{ inputs }: { perSystem.packages.a = inputs.heavy; }"), @"
    heavy: Used
      other.nix:1 Value [packages] certain
    light: Unknown
    any
      module.nix:1 Opaque [] may, imported
    ");
    assert_snapshot!(files("{ imports = import ./other.nix; }", "[ ({ inputs, ... }: { perSystem.packages.a = inputs.heavy; }) ]"), @"
    heavy: Used
      other.nix:1 Value [packages] certain
    ");
    assert_snapshot!(files("{ lib, ... }: { imports = map (f: import f { }) [ ./other.nix ]; }", "_: { inputs, ... }: { perSystem.packages.a = inputs.heavy; }"), @"
    heavy: Used
      other.nix:1 Value [] certain, imported
    ");
    assert_snapshot!(files("{ }", "{ inputs, ... }: { a = inputs.heavy; }"), @"
    heavy: Used
      other.nix:1 Value [] may, everything: flakepart does not see who imports other.nix
    ");
}

#[test]
fn files_below_a_folder_that_is_named() {
    let files = [
        ("flake.nix", FLAKE),
        (
            "module.nix",
            "{ inputs, ... }: { flake.nixosConfigurations = f ./hosts; flake.lib.x = g ./lib/${n}.nix; }",
        ),
        ("hosts/a/default.nix", "{ inputs, ... }: { x = inputs.heavy.nixosModules.default; }"),
        ("lib/b.nix", "{ inputs, ... }: inputs.light"),
    ];
    assert_snapshot!(usage(&files), @"
    heavy: Used
      hosts/a/default.nix:1 Module [nixosConfigurations] certain
    light: Used
      lib/b.nix:1 Value [lib] certain
    ");
    let project = project(&files);
    let role = |path: &str| project.role(path.into());
    assert_eq!(role("flake.nix"), Some(Role::Flake));
    assert_eq!(role("module.nix"), Some(Role::Module));
    assert_eq!(role("lib/b.nix"), Some(Role::Imported));
    assert_eq!(role("nope.nix"), None);
}

#[test]
fn import_tree_reads_a_folder_but_not_what_is_hidden() {
    let files = [
        (
            "flake.nix",
            "{ outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } (inputs.import-tree ./parts); }",
        ),
        ("parts/a.nix", "{ inputs, ... }: { perSystem.packages.a = inputs.heavy; }"),
        ("parts/_hidden/b.nix", "{ inputs, ... }: { perSystem.checks.b = inputs.light; }"),
    ];
    assert_snapshot!(usage(&files), @"
    heavy: Used
      parts/a.nix:1 Value [packages] certain
    light: Used
      parts/_hidden/b.nix:1 Value [] may, everything: it makes a whole module of flake.nix
    ");
    let project = project(&files);
    assert_eq!(project.role("parts/a.nix".into()), Some(Role::Module));
    assert_ne!(project.role("parts/_hidden/b.nix".into()), Some(Role::Module));
}

#[test]
fn outputs_written_by_hand() {
    assert_snapshot!(plain("{ self, heavy, ... }: { packages.x.a = heavy.packages.x; checks.x.b = self.packages.x.a; }"), @"
    heavy: Used
      flake.nix:1 Value [packages] certain
    ");
    assert_snapshot!(plain("inputs@{ self, heavy, ... }: { lib = inputs.heavy.lib; }"), @"
    heavy: Used
      flake.nix:1 Lib [lib] certain
    ");
    assert_snapshot!(plain("{ ... }@args: { lib = args.heavy.lib; }"), @"
    heavy: Used
      flake.nix:1 Lib [lib] certain
    ");
    assert_snapshot!(plain("all: { lib = f all; }"), @"
    heavy: Unknown
    light: Unknown
    any
      flake.nix:1 Opaque [lib] may
    ");
    assert_snapshot!(plain("{ self, ... }: { lib = self.inputs.heavy.lib; }"), @"
    heavy: Used
      flake.nix:1 Lib [lib] certain
    ");
    assert_snapshot!(plain("{ self, utils, heavy }: utils.lib.eachDefaultSystem (s: { packages.a = heavy; })"), @"
    heavy: Used
      flake.nix:1 Value [packages] certain
    ");
    assert_snapshot!(plain("{ self, heavy }: heavy.lib.mkFlake { }"), @"
    heavy: Used
      flake.nix:1 Lib [] may, everything: it makes the flake's outputs as a whole
    ");
    assert_snapshot!(plain("{ self, heavy ? null }: { }"), @"heavy: Unused");
    assert_snapshot!(plain("{ self, heavy }: let heavy = 1; in { lib = heavy; }"), @"heavy: Unused");
    assert_snapshot!(plain("inputs: import ./outputs.nix inputs"), @"
    heavy: Unknown
    light: Unknown
    any
      flake.nix:1 Opaque [] may, everything: it makes the flake's outputs as a whole
    ");
}
