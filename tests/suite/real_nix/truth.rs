//! Against the truth: Nix evaluates every output of a flake with one input poisoned at a time. What then
//! fails needs the input, and has to be in flakepart's answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::on_each_nix;
use super::world::{self, Nix};
use crate::support::{Repo, copy, skipped};
use crate::traps;

on_each_nix!(of_the_fixture);

const SYSTEM: &str = "x86_64-linux";

/// An output that is looked into in a way of its own (`truth.nix`), and the output it belongs to.
const CALLED: (&str, &str) = ("overlays, called", "overlays");

/// Views of flake-parts' own evaluation, which `outputs.nix` does not look into.
const VIEWS: [&str; 3] = ["allSystems", "currentSystem", "debug"];

/// Pairs of an input and an output.
type Pairs = BTreeSet<(String, String)>;

/// What Nix and flakepart say of one flake.
#[derive(Default)]
struct Truth {
    /// The root inputs that were poisoned.
    inputs: Vec<String>,
    /// The outputs of which something evaluates.
    outputs: BTreeSet<String>,
    /// The output fails without the input.
    needed: Pairs,
    /// flakepart says that the output needs the input, or may.
    named: Pairs,
}

/// How many pairs fail, how many are named, and those that are in one of both only.
impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} inputs x {} outputs, {} pairs fail, {} named",
            self.inputs.len(),
            self.outputs.len(),
            self.needed.len(),
            self.named.len()
        )?;
        let missed = self.needed.difference(&self.named);
        let beyond = self.named.difference(&self.needed);
        for (what, pairs) in [("missed", missed.collect::<Vec<_>>()), ("named beyond", beyond.collect())] {
            let mut by_input: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for (input, output) in pairs {
                by_input.entry(input).or_default().push(output);
            }
            for (input, outputs) in by_input {
                writeln!(f, "  {what}: {input}: {}", outputs.join(" "))?;
            }
        }
        Ok(())
    }
}

/// The leaves that evaluate, by output.
type Leaves = BTreeMap<String, BTreeSet<String>>;

/// A copy of a flake in which inputs can be poisoned, and a poison.
struct Laboratory<'a> {
    nix: &'a Nix,
    folder: TempDir,
    lock: Value,
    poison: Value,
}

impl<'a> Laboratory<'a> {
    fn new(nix: &'a Nix, flake: &Path) -> Laboratory<'a> {
        let folder = tempfile::tempdir().unwrap();
        copy(flake, &folder.path().join("flake"));
        let _ = fs::remove_dir_all(folder.path().join("flake/.git"));
        let poison = folder.path().join("poison");
        fs::create_dir(&poison).unwrap();
        fs::write(poison.join("flake.nix"), "{ outputs = _: throw \"poisoned\"; }").unwrap();
        let hash = nix.ask(&poison, &["hash", "path", "."]);
        let poison = json!({ "type": "path", "path": poison.to_str(), "narHash": hash.trim() });
        let lock = fs::read(folder.path().join("flake/flake.lock")).unwrap();
        Laboratory { nix, lock: serde_json::from_slice(&lock).unwrap(), folder, poison }
    }

    /// The root inputs with a node of their own, which can be poisoned.
    fn inputs(&self) -> Vec<String> {
        let inputs = self.lock["nodes"]["root"]["inputs"].as_object().unwrap();
        inputs.iter().filter(|(_, node)| node.is_string()).map(|(name, _)| name.clone()).collect()
    }

    /// The leaves below `names` that evaluate while the input is poisoned. What `throw`s hides nothing
    /// else; any other error does, so that smaller parts are asked for then.
    fn leaves(&self, poisoned: Option<&str>, names: &[&str]) -> Leaves {
        let mut lock = self.lock.clone();
        if let Some(input) = poisoned {
            let key = lock["nodes"]["root"]["inputs"][input].as_str().unwrap().to_owned();
            let node = lock["nodes"][key].as_object_mut().unwrap();
            node.insert("locked".to_owned(), self.poison.clone());
            // A source throws nothing.
            node.remove("flake");
        }
        let flake = self.folder.path().join("flake");
        fs::write(flake.join("flake.lock"), lock.to_string()).unwrap();
        let mut leaves = Leaves::new();
        let mut parts = vec![names];
        while let Some(part) = parts.pop() {
            let ran =
                self.nix.run(&flake, &["eval", "--impure", "--json", "--expr", &self.query(poisoned, part)]);
            match part {
                _ if ran.code == Some(0) => {
                    leaves.extend(serde_json::from_str::<Leaves>(&ran.stdout).unwrap());
                }
                [] | [_] => assert!(!ran.stderr.contains("assertion"), "not poisoned: {ran}"),
                _ => parts.extend([&part[part.len() / 2..], &part[..part.len() / 2]]),
            }
        }
        leaves
    }

    fn query(&self, poisoned: Option<&str>, names: &[&str]) -> String {
        let root = env!("CARGO_MANIFEST_DIR");
        let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
        format!(
            "import {root}/tests/suite/real_nix/truth.nix {{
                outputs = {root}/src/prove/outputs.nix;
                url = \"path:{}\"; system = \"{SYSTEM}\"; names = [ {} ]; poisoned = {};
            }}",
            self.folder.path().join("flake").display(),
            names.join(" "),
            poisoned.map_or("null".to_owned(), |name| format!("{name:?}"))
        )
    }

    /// The names of all outputs, or what Nix says why there are none.
    fn names(&self) -> Result<Vec<String>, String> {
        let flake = self.folder.path().join("flake");
        let expr = format!("builtins.attrNames (builtins.getFlake \"path:{}\").outputs", flake.display());
        let ran = self.nix.run(&flake, &["eval", "--impure", "--json", "--expr", &expr]);
        if ran.code != Some(0) {
            let why = ran.stderr.lines().rfind(|line| line.trim_start().starts_with("error:"));
            return Err(why.unwrap_or_default().trim().to_owned());
        }
        let mut names: Vec<String> = serde_json::from_str(&ran.stdout).unwrap();
        names.retain(|name| !VIEWS.contains(&name.as_str()));
        if names.iter().any(|name| name == CALLED.1) {
            names.push(CALLED.0.to_owned());
        }
        Ok(names)
    }
}

/// Compares flakepart's answer for a flake with Nix's, for all inputs or one of them.
fn truth(nix: &Nix, repo: &Repo, only: Option<&str>) -> Result<Truth, String> {
    let laboratory = Laboratory::new(nix, repo.path());
    let names = laboratory.names()?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut before = laboratory.leaves(None, &names);
    before.retain(|_, leaves| !leaves.is_empty());
    let names: Vec<&str> = before.keys().map(String::as_str).collect();
    let output = |name: &str| if name == CALLED.0 { CALLED.1 } else { name }.to_owned();

    let mut truth = Truth { inputs: laboratory.inputs(), ..Truth::default() };
    truth.inputs.retain(|input| only.is_none_or(|only| only == input));
    truth.outputs = names.iter().map(|name| output(name)).collect();
    for input in &truth.inputs {
        let after = laboratory.leaves(Some(input), &names);
        for (name, leaves) in &before {
            if !after.get(name).is_some_and(|after| after.is_superset(leaves)) {
                truth.needed.insert((input.clone(), output(name)));
            }
        }
    }
    truth.named = named(nix, repo, &truth);
    Ok(truth)
}

/// What flakepart says, of the inputs and outputs that were compared.
fn named(nix: &Nix, repo: &Repo, truth: &Truth) -> Pairs {
    let ran = nix.flakepart(repo, &["analyze", "--format", "json"]);
    let analysis: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran}"));
    let mut pairs = Pairs::new();
    for input in analysis["inputs"].as_array().unwrap() {
        let name = input["name"].as_str().unwrap();
        for site in input["sites"].as_array().unwrap() {
            let says = |output: &str| {
                !site["why"].is_null() || site["outputs"].as_array().unwrap().contains(&Value::from(output))
            };
            let outputs = truth.outputs.iter().filter(|output| says(output));
            pairs.extend(outputs.map(|output| (name.to_owned(), output.clone())));
        }
    }
    pairs.retain(|(input, _)| truth.inputs.contains(input));
    pairs
}

/// What a flake is called, the one input to poison if not all, and its repository.
type Flake<'a> = (&'a str, Option<&'a str>, &'a (dyn Fn() -> Repo + Sync));

/// Real flakes, those in the folder that `FLAKEPART_TRUTH` names, made by `tests/truth`.
#[test]
fn of_real_flakes() {
    world::on("nix-2.26", |nix| {
        let Some(folder) = std::env::var_os("FLAKEPART_TRUTH") else {
            return skipped("FLAKEPART_TRUTH names no folder");
        };
        let mut folders: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        for folder in folders {
            let repo = Repo::new(&[]);
            copy(&folder, repo.path());
            repo.commit();
            let name = folder.file_name().unwrap().display();
            match truth(nix, &repo, None) {
                Ok(truth) => println!("{name}: {truth}"),
                Err(why) => println!("{name}: Nix cannot load it: {why}"),
            }
        }
    });
}

/// What came of each flake; two at a time, for that is how many cores there are.
fn report(nix: &Nix, flakes: &[Flake<'_>]) -> String {
    let next = std::sync::Mutex::new(0..flakes.len());
    let found = std::sync::Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(at) = { next.lock().unwrap().next() } {
                    let (name, only, repo) = flakes[at];
                    let truth = truth(nix, &repo(), only).unwrap_or_else(|why| panic!("{name}: {why}"));
                    assert!(truth.needed.is_subset(&truth.named), "{name}: {truth}");
                    found.lock().unwrap().insert(at, truth);
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    flakes.iter().zip(found.values()).map(|((name, ..), truth)| format!("{name}: {truth}")).collect()
}

fn of_the_fixture(nix: &Nix) {
    let split = || nix.split_fixture();
    insta::allow_duplicates! {
    insta::assert_snapshot!(report(nix, &[("as it is", None, &Repo::agent_boxes), ("split", None, &split),]), @"
        as it is: 7 inputs x 6 outputs, 36 pairs fail, 36 named
        split: 5 inputs x 6 outputs, 30 pairs fail, 30 named
        ");
    }
}

/// All traps whose flake Nix can load; in each of them the input that it is about is poisoned.
#[test]
fn of_the_traps() {
    world::on("nix-2.26", |nix| {
        let repos: Vec<_> = traps::TRAPS
            .iter()
            .filter(|trap| {
                trap.name != "a file that cannot be read" && trap.name != "a lock that is not up to date"
            })
            .map(|trap| (trap.name, trap.input, move || traps::repository(trap)))
            .collect();
        let flakes: Vec<Flake<'_>> =
            repos.iter().map(|(name, input, repo)| (*name, Some(*input), repo as _)).collect();
        insta::assert_snapshot!(report(nix, &flakes), @"
        a closure of flake.nix over its own inputs: 1 inputs x 6 outputs, 3 pairs fail, 3 named
        an argument of outputs that is used: 1 inputs x 6 outputs, 3 pairs fail, 3 named
        imports of a file that takes all inputs: 1 inputs x 6 outputs, 3 pairs fail, 6 named
          named beyond: hermes-agent: checks devShells formatter
        imports by computed names: 1 inputs x 6 outputs, 6 pairs fail, 6 named
        an imported flakeModule: 1 inputs x 6 outputs, 6 pairs fail, 6 named
        an imported module that is no .nix file: 1 inputs x 7 outputs, 4 pairs fail, 7 named
          named beyond: hermes-agent: checks devShells formatter
        an import-tree with a filter: 1 inputs x 6 outputs, 3 pairs fail, 3 named
        an import-tree that hides nothing: 1 inputs x 6 outputs, 3 pairs fail, 3 named
        an import-tree that passes over the folder of the partition: 1 inputs x 6 outputs, 3 pairs fail, 3 named
        inputs taken from all arguments of a module: 1 inputs x 6 outputs, 4 pairs fail, 4 named
        the flake handed on under another name: 1 inputs x 7 outputs, 4 pairs fail, 4 named
        the flake asked whether it has the input: 1 inputs x 6 outputs, 3 pairs fail, 4 named
          named beyond: hermes-agent: checks
        a default where the input is missing: 1 inputs x 6 outputs, 4 pairs fail, 4 named
        inherited by a quoted name: 1 inputs x 6 outputs, 4 pairs fail, 4 named
        every input: 1 inputs x 6 outputs, 4 pairs fail, 4 named
        config taken from all arguments: 1 inputs x 6 outputs, 4 pairs fail, 4 named
        config under another name: 1 inputs x 6 outputs, 4 pairs fail, 4 named
        config by a with: 1 inputs x 6 outputs, 4 pairs fail, 4 named
        config of another system: 1 inputs x 7 outputs, 4 pairs fail, 4 named
        what self has, it has from the partition: 1 inputs x 7 outputs, 4 pairs fail, 4 named
        a module argument taken from all arguments: 1 inputs x 6 outputs, 4 pairs fail, 4 named
        an option of one's own: 1 inputs x 6 outputs, 4 pairs fail, 4 named
        pkgs, which a flakeModule reads: 1 inputs x 1 outputs, 0 pairs fail, 1 named
          named beyond: hermes-agent: overlays
        the formatter: 1 inputs x 6 outputs, 4 pairs fail, 4 named
        an output that is the value itself: 1 inputs x 7 outputs, 4 pairs fail, 4 named
        an output that a function gives: 1 inputs x 7 outputs, 4 pairs fail, 4 named
        an output that is folded: 1 inputs x 7 outputs, 4 pairs fail, 4 named
        an output with a name that is computed from it: 1 inputs x 7 outputs, 4 pairs fail, 4 named
        an output one set deeper: 1 inputs x 7 outputs, 4 pairs fail, 4 named
        an output of a system each: 1 inputs x 7 outputs, 4 pairs fail, 4 named
        a module that others import: 1 inputs x 7 outputs, 4 pairs fail, 4 named
        another input that follows it: 1 inputs x 6 outputs, 3 pairs fail, 6 named
          named beyond: hermes-agent: checks devShells formatter
        definitions of its options in a file that perSystem is: 1 inputs x 4 outputs, 4 pairs fail, 4 named
        definitions of its options by a computed name: 1 inputs x 4 outputs, 4 pairs fail, 4 named
        a module that import-tree imports, and another that moves: 1 inputs x 4 outputs, 4 pairs fail, 4 named
        variables of two lets that have one name: 1 inputs x 4 outputs, 4 pairs fail, 4 named
        a config of perSystem beside that of the flake: 1 inputs x 4 outputs, 4 pairs fail, 4 named
        a module that is read as a text, too: 1 inputs x 5 outputs, 5 pairs fail, 5 named
        a condition for more than its options: 1 inputs x 4 outputs, 4 pairs fail, 4 named
        a module for more than its options, written out where it is imported: 1 inputs x 4 outputs, 4 pairs fail, 4 named
        a flake below that the code does not read: 1 inputs x 6 outputs, 3 pairs fail, 3 named
        a flake.nix that is generated: 1 inputs x 6 outputs, 3 pairs fail, 3 named
        ");
    });
}

/// A name, what flake.nix has for outputs, and what further files there are.
type Shape = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Small flakes, each a way of wiring that people use.
const SHAPES: &[Shape] = &[
    (
        "without flake-parts",
        r#"{ self, nixpkgs, npm, pi, ... }@inputs:
        let
          system = "x86_64-linux";
          pkgs = nixpkgs.legacyPackages.${system};
        in
        {
          packages.${system} = { npm = npm.packages.${system}.default; plain = pkgs.hello; };
          apps.${system}.default = { type = "app"; program = "${self.packages.${system}.npm}/bin/npm-lockfile-fix"; };
          checks.${system}.source = pkgs.runCommand "source" { src = pi; } "";
          devShells.${system}.default = pkgs.mkShell { name = "shell"; packages = [ pkgs.hello ]; };
          lib.version = (builtins.fromJSON (builtins.readFile "${inputs.pi}/package.json")).name or "pi";
          overlays.default = final: prev: { inherit (npm.packages.${final.stdenv.hostPlatform.system}) default; };
        }"#,
        &[],
    ),
    (
        "hosts with specialArgs",
        r#"inputs@{ nixpkgs, ... }:
        {
          nixosConfigurations.host = nixpkgs.lib.evalModules {
            specialArgs = { inherit inputs; };
            modules = [ ./host.nix { config.source = inputs.pi.outPath; } ];
          };
          packages.x86_64-linux.hello = nixpkgs.legacyPackages.x86_64-linux.hello;
        }"#,
        &[(
            "host.nix",
            r#"{ inputs, lib, config, ... }:
            {
              options.system = lib.mkOption { };
              options.source = lib.mkOption { };
              config.system.build.toplevel = inputs.nixpkgs.legacyPackages.x86_64-linux.runCommand "host" {
                inherit (config) source;
                npm = inputs.npm.packages.x86_64-linux.default;
              } "";
            }"#,
        )],
    ),
    (
        "outputs in a file of their own",
        "inputs: import ./outputs.nix inputs",
        &[(
            "outputs.nix",
            r#"{ npm, nixpkgs, ... }: {
              packages.x86_64-linux.npm = npm.packages.x86_64-linux.default;
              checks.x86_64-linux.hello = nixpkgs.legacyPackages.x86_64-linux.hello;
            }"#,
        )],
    ),
    (
        "modules that know each other",
        r#"inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } {
          systems = [ "x86_64-linux" ];
          imports = [ ./options.nix ./uses.nix ];
        }"#,
        &[
            (
                "options.nix",
                r#"{ lib, inputs, ... }: {
                  options.tools = lib.mkOption { default = { }; };
                  config.tools.npm = system: inputs.npm.packages.${system}.default;
                  config._module.args.sources = { inherit (inputs) pi; };
                }"#,
            ),
            (
                "uses.nix",
                r#"{ config, sources, self, lib, ... }: {
                  perSystem = { pkgs, system, self', ... }: {
                    packages.npm = config.tools.npm system;
                    checks.source = pkgs.runCommand "source" { src = sources.pi; } "";
                    devShells.default = pkgs.mkShell { name = "shell"; packages = [ self'.packages.npm ]; };
                    apps.default = { type = "app"; program = self.lib.program; };
                  };
                  flake.lib.program = "${self.packages.x86_64-linux.npm}/bin/npm";
                  flake.legacyPackages.x86_64-linux.hello = "hello";
                  flake.names = lib.attrNames self.packages.x86_64-linux;
                }"#,
            ),
        ],
    ),
    (
        "pkgs that flake-parts makes",
        r#"inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } {
          systems = [ "x86_64-linux" ];
          flake.lib.one = 1;
          perSystem = { pkgs, inputs', ... }: {
            packages.hello = pkgs.hello;
            checks.npm = inputs'.npm.packages.default;
          };
        }"#,
        &[],
    ),
    (
        "a module for others, used here, too",
        r#"inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } {
          systems = [ "x86_64-linux" ];
          imports = [ ./module.nix ];
          flake.flakeModule = import ./module.nix;
          flake.lib.one = 1;
        }"#,
        &[(
            "module.nix",
            r#"{ inputs, ... }: { perSystem = { system, ... }: { packages.npm = inputs.npm.packages.${system}.default; }; }"#,
        )],
    ),
    (
        "names that are computed, and sets that are opened",
        r#"inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } ({ self, lib, ... }: {
          systems = [ "x86_64-linux" ];
          flake.a = map (name: inputs.${name}.outPath) [ "pi" ];
          flake.b = builtins.getAttr "pi" self.inputs;
          flake.c.path = lib.mapAttrs (_: input: input.outPath) (removeAttrs inputs [ "self" ]);
          flake.d.npm = with inputs; npm.packages.x86_64-linux.default;
          flake.e.npm = let inherit (self) inputs; in inputs.npm.packages.x86_64-linux.default;
          flake.f = import ./called.nix { flakes = inputs; };
          flake.g = 1;
        })"#,
        &[(
            "called.nix",
            "{ flakes }: let all = flakes; in { npm = all.npm.packages.x86_64-linux.default; }",
        )],
    ),
];

/// A shape as a repository, locked by Nix.
fn shape(nix: &Nix, outputs: &str, files: &[(&str, &str)]) -> Repo {
    let flake = format!(
        r#"{{
  inputs = {{
    nixpkgs.url = "git+https://git.example/NixOS/nixpkgs";
    flake-parts.url = "git+https://git.example/hercules-ci/flake-parts";
    systems.url = "git+https://git.example/nix-systems/default";
    npm.url = "git+https://git.example/jeslie0/npm-lockfile-fix";
    npm.inputs.systems.follows = "systems";
    pi.url = "git+https://git.example/badlogic/pi-mono";
    pi.flake = false;
  }};
  outputs = {outputs};
}}"#
    );
    let repo = Repo::new(&[&[("flake.nix", flake.as_str())], files].concat());
    nix.ask(repo.path(), &["flake", "lock"]);
    repo.commit();
    repo
}

#[test]
fn of_small_flakes() {
    world::on("nix-2.26", |nix| {
        let repos: Vec<_> =
            SHAPES.iter().map(|(name, outputs, files)| (*name, move || shape(nix, outputs, files))).collect();
        let flakes: Vec<_> = repos.iter().map(|(name, repo)| (*name, None, repo as _)).collect();
        insta::assert_snapshot!(report(nix, &flakes), @"
        without flake-parts: 5 inputs x 6 outputs, 11 pairs fail, 11 named
        hosts with specialArgs: 5 inputs x 2 outputs, 5 pairs fail, 6 named
          named beyond: flake-parts: nixosConfigurations
        outputs in a file of their own: 5 inputs x 2 outputs, 3 pairs fail, 10 named
          named beyond: flake-parts: checks packages
          named beyond: nixpkgs: packages
          named beyond: npm: checks
          named beyond: pi: checks packages
          named beyond: systems: checks
        modules that know each other: 5 inputs x 7 outputs, 18 pairs fail, 20 named
          named beyond: npm: names
          named beyond: systems: names
        pkgs that flake-parts makes: 5 inputs x 3 outputs, 6 pairs fail, 6 named
        a module for others, used here, too: 5 inputs x 3 outputs, 5 pairs fail, 7 named
          named beyond: npm: flakeModule
          named beyond: systems: flakeModule
        names that are computed, and sets that are opened: 5 inputs x 7 outputs, 19 pairs fail, 27 named
          named beyond: nixpkgs: a b f
          named beyond: npm: a b
          named beyond: pi: f
          named beyond: systems: a b
        ");
    });
}
