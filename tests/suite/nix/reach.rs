//! Which outputs a use of an input reaches: through modules, options, functions and files.

use std::fmt::Write as _;

use flakepart::nix::Role;
use insta::assert_snapshot;

use super::usage::{FLAKE, module, per_system, plain, project, sites, usage};

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
      module.nix:1 Existence [] may, imported
      module.nix:1 FlakeModule [] certain, imported
    ");
    assert_snapshot!(module("{ inputs, ... }: { imports = lib.optional (inputs.heavy ? flakeModule) inputs.heavy.flakeModule; }"), @"
    heavy: Used
      module.nix:1 FlakeModule [] certain, imported
      module.nix:1 FlakeModule [] certain, imported
    ");
    assert_snapshot!(module("{ inputs, ... }: { perSystem.imports = [ inputs.heavy.x ]; }"), @"
    heavy: Used
      module.nix:1 Value [] may, imported
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
      module.nix:1 Value [hydraJobs lib packages] certain
    "
    );
}

#[test]
fn what_a_system_has_is_in_the_flake_of_the_configuration() {
    let packages = "perSystem.packages.a = inputs.heavy.x;";
    let read = |what: &str| {
        module(&format!("{{ inputs, config, withSystem, ... }}: {{ {packages} flake.lib.b = {what}; }}"))
    };
    assert_snapshot!(read("config.flake.packages.x86_64-linux.a"), @"
    heavy: Used
      module.nix:1 Value [lib packages] certain
    ");
    assert_snapshot!(read("config.flake.packages.x86_64-linux.b"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(read("config.flake.checks.x86_64-linux.a"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    assert_snapshot!(read("withSystem system (context: context.self'.packages.a)"), @"
    heavy: Used
      module.nix:1 Value [packages through self: lib] certain
    ");
    assert_snapshot!(read("withSystem system (context: context.inputs'.self.packages.a.name)"), @"
    heavy: Used
      module.nix:1 Value [packages through self: lib] certain
    ");
}

#[test]
fn arguments_of_modules_in_the_configuration() {
    assert_snapshot!(module("{ inputs, config, ... }: { _module.args.a = inputs.heavy; flake.lib.b = config._module.args.a.x; flake.checks.c = config._module.args.d; }"), @"
    heavy: Used
      module.nix:1 Value [lib] certain
    ");
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
fn the_config_of_another_evaluation_is_not_that_of_flake_parts() {
    let read = |what: &str| {
        module(&format!(
            "{{ inputs, lib, self, ... }}@top: {{ perSystem.packages.a = inputs.heavy.x; flake.lib.b = {what}; }}"
        ))
    };
    let apart = [
        "(lib.evalModules { modules = [ ]; }).config",
        "let host = lib.nixosSystem { }; in host.config",
        "let core = import ./core { }; in core.config",
        "let home = inputs.home-manager.lib.homeManagerConfiguration { }; in f home.config",
        "self.nixosConfigurations.a.config.system.build",
        "{ pkgs, terranix_config, ... }@args: (import ./core args).config",
        "let pkgs = import inputs.nixpkgs { config = { }; }; core = import ./core { inherit pkgs; }; in core.config",
    ];
    let certain = "heavy: Used\n  module.nix:1 Value [packages] certain";
    for what in apart {
        assert_eq!(read(what).trim_end(), certain, "{what}");
    }
    let own = [
        "top.config",
        "let all = top; in all.config",
        "let all = flake-parts-lib.evalFlakeModule { } ./.; in all.config",
        "(f top).config",
        "let lib = import ./lib { inherit (top) config; }; in lib.config",
        "let c = import ../ctx.nix top; in c.config",
        "(import ../ctx.nix top).config",
        "(import ../ctx.nix { inherit top; }).config",
        "let t = { inherit top; }; c = import ../ctx.nix t; in c.config",
        "withSystem system (args: (import ../ctx.nix args).config)",
        "let a = import ../a.nix { inherit withSystem; }; in a.config",
        "let evalModules = x: x; in (evalModules top).config",
        "withSystem system ({ pkgs, ... }@args: (import ../ctx.nix args).config)",
        "let f = core: core.config; in f",
    ];
    for what in own {
        let told = read(what);
        assert!(told.trim_end() != certain && told.contains("lib"), "{what}: {told}");
    }
}

#[test]
fn a_flake_that_is_a_source_gives_its_files() {
    let read = |what: &str| {
        module(&format!(
            "{{ inputs, self, ... }}: {{ perSystem.packages.a = inputs.heavy.x; flake.lib.b = {what}; }}"
        ))
    };
    assert_snapshot!(read("pkgs: pkgs.stdenv.mkDerivation { src = self; }"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
    ");
    for of_outputs in [
        "let src = self; in src.packages",
        "let f = { src }: src.packages.x; in f { src = self; }",
        "import ../f.nix { src = self; }",
        "f { specialArgs = { src = self; }; }",
        "f { specialArgs.src = self; }",
    ] {
        assert!(read(of_outputs).contains("lib"), "{of_outputs}: {}", read(of_outputs));
    }
    assert_snapshot!(read("f { flake = self; }"), @"
    heavy: Used
      module.nix:1 Value [packages through self: lib] certain
    light: Unknown
    ");
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
      module.nix:1 Value [] may, imported
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
fn sets_that_hold_themselves_come_to_an_end() {
    assert_snapshot!(module("{ inputs, ... }: let v = { inherit v; a = inputs.heavy; b = 1; }; in { perSystem.packages.a = v.v.a; perSystem.checks.b = v.v.b; }"), @"
    heavy: Used
      module.nix:1 Value [packages] certain
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
      other.nix:1 Value [] may, imported
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
      parts/_hidden/b.nix:1 Value [] may, everything: flakepart does not see who imports parts/_hidden/b.nix
    ");
    let project = project(&files);
    assert_eq!(project.role("parts/a.nix".into()), Some(Role::Module));
    assert_ne!(project.role("parts/_hidden/b.nix".into()), Some(Role::Module));
}

#[test]
fn outputs_written_by_hand() {
    assert_snapshot!(plain("{ self, heavy, ... }: { packages.x.a = heavy.packages.x; checks.x.b = self.packages.x.a; }"), @"
    heavy: Used
      flake.nix:1 Value [packages through self: checks] certain
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
    assert_snapshot!(plain("{ self, heavy, ... }@inputs: let flake = mkFlake { inherit inputs; } { flake.lib.a = heavy.lib; }; in flake // { checks.b = flake.lib.a; apps.c = flake.apps.d; }"), @"
    heavy: Used
      flake.nix:1 Lib [lib through self: checks] certain
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

#[test]
fn a_folder_that_is_imported_is_its_default_nix() {
    let files = [
        (
            "flake.nix",
            "{ outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } { imports = [ ./hosts ]; }; }",
        ),
        (
            "hosts/default.nix",
            "{ inputs, ... }: {
  flake.nixosConfigurations.a = inputs.nixpkgs.lib.nixosSystem { modules = [ ./a ]; };
  flake.lib = import ../lib;
}",
        ),
        ("hosts/a/default.nix", "{ inputs, ... }: { users.packages = [ inputs.heavy.x ]; }"),
        ("lib/default.nix", "{ all = builtins.readDir ./.; }"),
        ("lib/other.nix", "{ inputs, ... }: inputs.light"),
    ];
    assert_snapshot!(usage(&files), @"
    heavy: Used
      hosts/a/default.nix:1 Value [nixosConfigurations] certain
    light: Used
      lib/other.nix:1 Value [lib] certain
    ");
}

#[test]
fn import_tree_in_all_its_forms() {
    let mut table = String::new();
    for tree in [
        "inputs.import-tree ./parts",
        "inputs.import-tree [ ./parts ./more ]",
        "inputs.import-tree.filter f ./parts",
        "((inputs.import-tree.filterNot f).match \".*\").map g ./parts",
        "(inputs.import-tree.addPath ./parts).addPath ./more",
        "{ imports = [ (inputs.import-tree ./parts) ./more/c.nix ]; }",
        "let import-tree = inputs.import-tree; in import-tree ./parts",
        "lib.pipe inputs.import-tree [ (it: it.filter f) (it: it ./parts) ]",
    ] {
        let flake =
            format!("{{ outputs = inputs: inputs.flake-parts.lib.mkFlake {{ inherit inputs; }} ({tree}); }}");
        let files = [
            ("flake.nix", flake.as_str()),
            ("parts/a.nix", "{ }"),
            ("parts/_b.nix", "{ }"),
            ("more/c.nix", "{ }"),
        ];
        let project = project(&files);
        let modules: Vec<_> = project.modules().map(|(path, ..)| path.as_str()).skip(1).collect();
        writeln!(table, "{tree}\n    {}", modules.join(" ")).unwrap();
    }
    assert_snapshot!(table, @r#"
    inputs.import-tree ./parts
        parts/a.nix
    inputs.import-tree [ ./parts ./more ]
        more/c.nix parts/a.nix
    inputs.import-tree.filter f ./parts
        parts/a.nix
    ((inputs.import-tree.filterNot f).match ".*").map g ./parts
        parts/a.nix
    (inputs.import-tree.addPath ./parts).addPath ./more
        more/c.nix parts/a.nix
    { imports = [ (inputs.import-tree ./parts) ./more/c.nix ]; }
        more/c.nix parts/a.nix
    let import-tree = inputs.import-tree; in import-tree ./parts
        parts/a.nix
    lib.pipe inputs.import-tree [ (it: it.filter f) (it: it ./parts) ]
    "#);
}

#[test]
fn what_a_submodule_makes_of_its_options() {
    let read = |kind: &str| {
        module(&format!(
            "{{ inputs, config, lib, ... }}: {{
  options.foo = lib.mkOption {{ type = {kind}; }};
  config.foo.q.v = inputs.heavy.value;
  config.foo.r.v = inputs.light.value;
  config.flake.lib.a = config.foo.q.w;
}}"
        ))
    };
    // A value like any other has no `w`.
    assert_snapshot!(read("lib.types.attrsOf lib.types.raw"), @"
    heavy: Used
      module.nix:3 Value [] certain
    light: Used
      module.nix:4 Value [] certain
    ");
    let submodule = "lib.types.submodule ({ config, ... }: { config.w = config.v; })";
    assert_snapshot!(read(&format!("lib.types.attrsOf ({submodule})")), @"
    heavy: Used
      module.nix:3 Value [lib] certain
    light: Used
      module.nix:4 Value [] certain
    ");
    assert_snapshot!(read(submodule), @"
    heavy: Used
      module.nix:3 Value [lib] certain
    light: Used
      module.nix:4 Value [lib] certain
    ");
    assert_snapshot!(read("ourType"), @"
    heavy: Used
      module.nix:3 Value [lib] certain
    light: Used
      module.nix:4 Value [lib] certain
    ");
}

#[test]
fn pkgs_that_flake_parts_makes_of_nixpkgs() {
    let of = |module| sites("nixpkgs", &[("flake.nix", FLAKE), ("module.nix", module)]);
    assert_snapshot!(of("{ perSystem = { pkgs, ... }: { packages.a = pkgs.hello; }; flake.a = 1; }"), @"flake.nix:3 Value [packages] certain");
    assert_snapshot!(of("{ self, ... }: { perSystem = args: { checks.a = args.pkgs.hello; }; flake.b.c = self.checks; }"), @"flake.nix:3 Value [checks through self: b] certain");
    // A module that an input brings reads it, too.
    assert_snapshot!(of("{ inputs, ... }: { imports = [ inputs.heavy.flakeModule ]; }"), @"flake.nix:3 Value [] may, everything: `pkgs` holds it, which imported flakeModules read, too");
    // NixOS modules have a `pkgs` of their own.
    let nixos = "{ perSystem = { pkgs, ... }: { packages.a = pkgs.hello; }; flake.nixosModules.m = { _module.args.pkgs = 1; }; }";
    assert_snapshot!(of(nixos), @"flake.nix:3 Value [packages] certain");
    // Defined by hand it is no longer nixpkgs', and without flake-parts it never was.
    let own = "{ inputs, ... }: { perSystem = { pkgs, ... }: { _module.args.pkgs = inputs.light; packages.a = pkgs.hello; }; }";
    assert_eq!(of(own), "");
    assert_eq!(sites("nixpkgs", &[("flake.nix", "{ outputs = _: { lib = { pkgs }: pkgs.hello; }; }")]), "");
}
