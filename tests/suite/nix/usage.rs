//! Who uses an input, in the forms that real flakes are written in. What is not known must come out as
//! "may", opaque or unknown: never as unused, and never as a certain set of outputs that lacks one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use flakepart::nix::{FlakeModules, Project, Site, Usage, Usages};
use insta::assert_snapshot;

use super::{dedent, source};

/// A flake of flake-parts that imports `./module.nix`.
pub(super) const FLAKE: &str = r#"{
  inputs.heavy.url = "heavy";
  outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } { imports = [ ./module.nix ]; };
}"#;

pub(super) fn project(files: &[(&str, &str)]) -> Project {
    let files = files.iter().map(|(path, text)| ((*path).into(), source(&dedent(text))));
    Project::new(files.collect::<BTreeMap<_, _>>())
}

/// Line, kind, the outputs, and how sure that is.
fn row(site: &Site) -> String {
    let mut outputs: Vec<&str> = site.direct.iter().map(String::as_str).collect();
    let indirect: Vec<&str> = site.outputs.difference(&site.direct).map(String::as_str).collect();
    if !indirect.is_empty() {
        outputs.extend(["through self:"].into_iter().chain(indirect));
    }
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
    let _ = site.indirectly.as_ref().map(|why| write!(row, ", everything through self: {why}"));
    row
}

/// The sites of `heavy` and `light` and those that may touch any input.
pub(super) fn usage(files: &[(&str, &str)]) -> String {
    usage_beside(&FlakeModules::default(), files)
}

/// The same in a flake with well-known flakeModules.
pub(super) fn usage_beside(modules: &FlakeModules, files: &[(&str, &str)]) -> String {
    let usages = Usages::read(&project(files), &["heavy", "light"], modules);
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
    for site in usages.opaque.iter().chain(&usages.lock) {
        let _ = writeln!(table, "any\n  {}", row(site));
    }
    table
}

/// The sites of one input.
pub(super) fn sites(input: &str, files: &[(&str, &str)]) -> String {
    let usages = Usages::read(&project(files), &[input], &FlakeModules::default());
    usages.sites.get(input).into_iter().flatten().map(|site| row(site) + "\n").collect()
}

/// The same for a module of a flake-parts flake.
pub(super) fn module(text: &str) -> String {
    usage(&[("flake.nix", FLAKE), ("module.nix", text)])
}

/// The same for a `perSystem` in such a module, in one line.
pub(super) fn per_system(definition: &str) -> String {
    module(&format!(
        "{{ inputs, lib, ... }}: {{ perSystem = {{ inputs', self', pkgs, ... }}: {{ {definition} }}; }}"
    ))
}

/// The same for a flake.nix without flake-parts.
pub(super) fn plain(outputs: &str) -> String {
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
    light: Unknown
    "
    );
}

#[test]
fn a_computed_name_in_the_flake_itself() {
    assert_snapshot!(module("{ self, ... }: { flake.lib.a = self.${n}.heavy.x; }"), @"
    heavy: Used
      module.nix:1 Value [lib] may
    light: Unknown
    ");
    assert_snapshot!(module("{ self, ... }: { flake.lib.a = self.${n}.x; }"), @"
    heavy: Unknown
    light: Unknown
    ");
    assert_snapshot!(module("{ self, ... }: { flake.lib.a = self.packages.${system}.heavy; }"), @"heavy: Unused");
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
fn all_arguments_of_a_module_hold_the_inputs() {
    assert_snapshot!(module("{ ... }: { perSystem = args: { packages.a = args.inputs'.heavy; }; }"), @"
    heavy: Used
      module.nix:1 Value [packages] may
    ");
    assert_snapshot!(module("args: { perSystem.packages.a = f args.inputs; }"), @"
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Opaque [packages] may
    ");
    assert_snapshot!(module("args: { perSystem.packages = { inherit (args) inputs; }; }"), @"
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Opaque [packages] may
    ");
    assert_snapshot!(module("args: { perSystem.packages.a = args.inputs.${n}; }"), @"
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Opaque [packages] may
    ");
    assert_snapshot!(module("args: { perSystem.packages.a = args.inputs ? heavy; }"), @"
    heavy: Used
      module.nix:1 Existence [packages] certain
    ");
    assert_snapshot!(module("args: { perSystem.packages.a = (builtins.getFlake \"x\").inputs.heavy; }"), @"
    heavy: Used
      module.nix:1 Value [packages] may
    ");
}

#[test]
fn what_is_given_to_mk_flake() {
    let given = |arguments: &str| {
        let text = format!(
            "inputs: inputs.flake-parts.lib.mkFlake {arguments} ({{ all, ... }}: {{ flake.lib.a = all.heavy; }})"
        );
        plain(&text)
    };
    assert_snapshot!(given("{ inherit inputs; }"), @"heavy: Unused");
    assert_snapshot!(given("{ inputs = inputs // { x = 1; }; }"), @"heavy: Unused");
    assert_snapshot!(given("{ inherit inputs; specialArgs = { inherit inputs; }; }"), @"heavy: Unused");
    assert_snapshot!(given("{ inherit inputs; specialArgs.all = inputs; }"), @"
    heavy: Unknown
    light: Unknown
    any
      flake.nix:1 Opaque [] may, everything: it makes the flake's outputs as a whole
    ");
    assert_snapshot!(given("{ inherit inputs; specialArgs = { inherit (inputs) heavy; }; }"), @"
    heavy: Used
      flake.nix:1 Value [] may, everything: it makes the flake's outputs as a whole
    ");
}

#[test]
fn code_that_reads_the_lock_finds_any_input_there() {
    let files = [
        (
            "flake.nix",
            "{ outputs = { self, ... }: { packages.x = import ./. { }; lib = fromJSON (readFile (self + \"/flake.lock\")); }; }",
        ),
        ("default.nix", "{ }: (builtins.fromJSON (builtins.readFile ./flake.lock)).nodes.heavy"),
        // Not reached by the flake: for `nix-build` only.
        (
            "shell.nix",
            "(import (fetchTarball (builtins.fromJSON (builtins.readFile ./flake.lock)).nodes.light.url)) { }",
        ),
    ];
    assert_snapshot!(usage(&files), @"
    heavy: Unknown
    light: Unknown
    any
      default.nix:1 Lock [packages] may
    any
      flake.nix:1 Lock [lib] may
    ");
}

#[test]
fn the_inputs_by_a_string() {
    let lookups = [
        "(lib.getAttr \"inputs\" args).heavy.value",
        "lib.attrByPath [ \"inputs\" \"heavy\" ] null args",
        "builtins.catAttrs \"inputs\" [ args.self ]",
        "args.\"inputs\".light.value",
    ];
    let mut table = String::new();
    for lookup in lookups {
        writeln!(
            table,
            "{lookup}\n{}",
            module(&format!("args@{{ lib, ... }}: {{ flake.lib.a = {lookup}; }}"))
        )
        .unwrap();
    }
    assert_snapshot!(table, @r#"
    (lib.getAttr "inputs" args).heavy.value
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Opaque [lib] may

    lib.attrByPath [ "inputs" "heavy" ] null args
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Opaque [lib] may

    builtins.catAttrs "inputs" [ args.self ]
    heavy: Unknown
    light: Unknown
    any
      module.nix:1 Opaque [lib] may

    args."inputs".light.value
    heavy: Unused
    light: Used
      module.nix:1 Value [lib] may
    "#);
}
