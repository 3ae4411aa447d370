//! Ways in which code uses an input that are easily missed: each is a variant of the fixture, and either
//! the split routes what it has to, as Nix confirms, or the input stays at the root.

use serde_json::Value;

use crate::real_nix::world;
use crate::support::Repo;

/// A variant of the fixture, and what a split of it has to do.
pub struct Trap {
    pub name: &'static str,
    /// Text of `nix/trap.nix`, a module.
    module: &'static str,
    /// More: a file, the text to replace (all of it where empty), and what to put there.
    edits: &'static [(&'static str, &'static str, &'static str)],
    pub input: &'static str,
    expected: Expected,
}

enum Expected {
    /// The partition provides these.
    Routes(&'static [&'static str]),
    /// The same, and an output that stays at the root cannot stay the same.
    Changes(&'static [&'static str]),
    /// It is refused for a reason that says this.
    Refused(&'static str),
}
use Expected::{Changes, Refused, Routes};

const HEAVY: Trap = Trap {
    name: "",
    module: "{ }\n",
    edits: &[],
    input: "hermes-agent",
    expected: Routes(&["apps", "packages"]),
};

/// An import-tree with filters, as the real one has them.
const IMPORT_TREE: &str = "{ lib }:
let
  filesIn = folder: builtins.concatLists (lib.mapAttrsToList (name: type: if type == \"directory\" then filesIn (folder + \"/${name}\") else [ (folder + \"/${name}\") ]) (builtins.readDir folder));
  tree = initial: tests: {
    __functor = _: folder: {
      imports = builtins.filter (file:
        let path = lib.removePrefix (toString folder) (toString file);
        in initial path && lib.all (test: test path) tests) (filesIn folder);
    };
    filterNot = test: tree initial (tests ++ [ (path: !test path) ]);
    initFilter = test: tree test tests;
  };
in
tree (path: lib.hasSuffix \".nix\" path && !lib.hasInfix \"/_\" path) [ ]
";
const WITH_IMPORT_TREE: &str = "inputs:
    let import-tree = import ./lib/import-tree.nix { inherit (inputs.nixpkgs) lib; }; in
    inputs.flake-parts";

/// In the order of the traps that facts and bug reports tell of.
pub const TRAPS: &[Trap] = &[
    // What the root's flake.nix holds on to.
    Trap {
        name: "a closure of flake.nix over its own inputs",
        edits: &[(
            "flake.nix",
            "systems = import inputs.systems;",
            "systems = import inputs.systems; perSystem = { system, ... }: { packages.c = inputs.hermes-agent.packages.${system}.default; };",
        )],
        expected: Routes(&["apps", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "an argument of outputs that is used",
        edits: &[
            (
                "flake.nix",
                "inputs:\n    inputs.flake-parts",
                "inputs@{ self, flake-parts, hermes-agent, ... }:\n    flake-parts",
            ),
            (
                "flake.nix",
                "systems = import inputs.systems;",
                "systems = import inputs.systems; perSystem = { system, ... }: { packages.c = hermes-agent.packages.${system}.default; };",
            ),
        ],
        expected: Routes(&["apps", "packages"]),
        ..HEAVY
    },
    // Imports that depend on inputs.
    Trap {
        name: "imports of a file that takes all inputs",
        module: "{ inputs, ... }: { imports = [ (import ../lib/h.nix inputs) ]; }",
        edits: &[(
            "lib/h.nix",
            "",
            "{ hermes-agent, ... }: { perSystem = { system, ... }: { packages.c = hermes-agent.packages.${system}.default; }; }",
        )],
        expected: Refused("which modules are imported depends on the inputs"),
        ..HEAVY
    },
    Trap {
        name: "imports by computed names",
        module: "{ inputs, lib, ... }: { imports = lib.concatMap (n: inputs.${n}.flakeModules or [ ]) [ \"hermes-agent\" ]; }",
        expected: Refused("which modules are imported depends on the inputs"),
        ..HEAVY
    },
    Trap {
        name: "an imported flakeModule",
        input: "treefmt-nix",
        expected: Routes(&["checks", "devShells", "formatter"]),
        ..HEAVY
    },
    Trap {
        name: "an imported module that is no .nix file",
        module: "{ imports = [ ../lib/module.txt ]; }",
        edits: &[("lib/module.txt", "", "{ inputs, ... }: { flake.a.b = inputs.hermes-agent.outPath; }")],
        expected: Refused("does not see the module ../lib/module.txt"),
        ..HEAVY
    },
    Trap {
        name: "an import-tree with a filter",
        edits: &[
            ("lib/import-tree.nix", "", IMPORT_TREE),
            ("flake.nix", "inputs:\n    inputs.flake-parts", WITH_IMPORT_TREE),
            (
                "flake.nix",
                "inputs.import-tree ./nix",
                "import-tree.filterNot (inputs.nixpkgs.lib.hasSuffix \".pkg.nix\") ./nix",
            ),
            ("nix/h.pkg.nix", "", "{ hello }: hello\n"),
        ],
        expected: Routes(&["apps", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "an import-tree that hides nothing",
        edits: &[
            ("lib/import-tree.nix", "", IMPORT_TREE),
            ("flake.nix", "inputs:\n    inputs.flake-parts", WITH_IMPORT_TREE),
            (
                "flake.nix",
                "inputs.import-tree ./nix",
                "import-tree.initFilter (inputs.nixpkgs.lib.hasSuffix \".nix\") ./nix",
            ),
        ],
        expected: Refused("import-tree is given a filter here"),
        ..HEAVY
    },
    Trap {
        name: "an import-tree that passes over the folder of the partition",
        edits: &[
            ("lib/import-tree.nix", "", IMPORT_TREE),
            ("flake.nix", "inputs:\n    inputs.flake-parts", WITH_IMPORT_TREE),
            (
                "flake.nix",
                "inputs.import-tree ./nix",
                "import-tree.filterNot (inputs.nixpkgs.lib.hasInfix \"/hermes-agent/\") ./nix",
            ),
        ],
        expected: Routes(&["apps", "packages"]),
        ..HEAVY
    },
    // Inputs by other names.
    Trap {
        name: "inputs taken from all arguments of a module",
        module: "top@{ lib, ... }: { perSystem = { system, ... }: { checks.h = top.inputs.hermes-agent.packages.${system}.default; }; }",
        expected: Routes(&["apps", "checks", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "the flake handed on under another name",
        module: "{ self, ... }: { flake.hydra.a = import ../lib/h.nix { flake = self; }; }",
        edits: &[(
            "lib/h.nix",
            "",
            "{ flake, ... }: flake.inputs.hermes-agent.packages.x86_64-linux.default",
        )],
        expected: Routes(&["apps", "hydra", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "the flake asked whether it has the input",
        module: "{ self, ... }: { perSystem = { pkgs, ... }: { checks.h = if self ? inputs.hermes-agent then pkgs.claude-code else pkgs.nodejs; }; }",
        expected: Routes(&["apps", "checks", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "a default where the input is missing",
        module: "{ inputs, ... }: { perSystem = { pkgs, ... }: { checks.h = inputs.hermes-agent.packages.x86_64-linux.default or pkgs.nodejs; }; }",
        expected: Routes(&["apps", "checks", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "inherited by a quoted name",
        module: "{ inputs, ... }: { perSystem = { system, ... }: { checks.h = let inherit (inputs) \"hermes-agent\"; in hermes-agent.packages.${system}.default; }; }",
        expected: Routes(&["apps", "checks", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "every input",
        module: "{ inputs, lib, ... }: { perSystem = { pkgs, ... }: { checks.h = pkgs.runCommand \"h\" { all = map toString (lib.attrValues inputs); } \"echo > $out\"; }; }",
        expected: Changes(&["apps", "checks", "packages"]),
        ..HEAVY
    },
    // Outputs that read other outputs.
    Trap {
        name: "config taken from all arguments",
        module: "{ perSystem = args: let inherit (args) config; in { checks.h = config.packages.hermesbox; }; }",
        expected: Routes(&["apps", "checks", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "config under another name",
        module: "{ perSystem = args: let cfg = args.config; in { checks.h = cfg.packages.hermesbox; }; }",
        expected: Routes(&["apps", "checks", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "config by a with",
        module: "{ perSystem = args: with args; { checks.h = config.packages.hermesbox; }; }",
        expected: Routes(&["apps", "checks", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "config of another system",
        module: "{ config, ... }: { flake.hydra.a = config.allSystems.x86_64-linux.packages.hermesbox; }",
        expected: Routes(&["apps", "hydra", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "what self has, it has from the partition",
        module: "{ self, ... }: { flake.hydra.a = self.packages.x86_64-linux.hermesbox; }",
        expected: Routes(&["apps", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "a module argument taken from all arguments",
        module: "{ perSystem = { pi-agent, ... }@args: { checks.h = args.pi-agent; }; }",
        input: "pi-mono",
        expected: Routes(&["apps", "checks", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "an option of one's own",
        module: "{ inputs, lib, config, ... }: { options.foo = lib.mkOption { default = null; }; config.foo = inputs.hermes-agent; config.perSystem = { system, ... }: { checks.h = config.foo.packages.${system}.default; }; }",
        expected: Routes(&["apps", "checks", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "pkgs, which a flakeModule reads",
        edits: &[(
            "nix/pkgs.nix",
            "inherit system;",
            "inherit system; overlays = [ inputs.hermes-agent.overlays.default ];",
        )],
        expected: Refused("`pkgs` holds it"),
        ..HEAVY
    },
    // What flake-parts looks at even where a partition provides it.
    Trap {
        name: "the formatter",
        module: "{ inputs, ... }: { perSystem = { system, lib, ... }: { formatter = lib.mkForce inputs.hermes-agent.packages.${system}.default; }; }",
        expected: Routes(&["apps", "formatter", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "an output that is the value itself",
        module: "{ inputs, ... }: { flake.hydra = inputs.hermes-agent.packages; }",
        expected: Routes(&["apps", "hydra", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "an output that a function gives",
        module: "{ inputs, ... }: let f = s: inputs.hermes-agent.packages.${s}; in { flake.hydra = f \"x86_64-linux\"; }",
        expected: Refused("`flake.hydra` is its value itself"),
        ..HEAVY
    },
    Trap {
        name: "an output that is folded",
        module: "{ inputs, ... }: { flake.hydra = builtins.foldl' (a: s: a // inputs.hermes-agent.packages.${s}) { } [ \"x86_64-linux\" ]; }",
        expected: Routes(&["apps", "hydra", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "an output with a name that is computed from it",
        module: "{ inputs, ... }: { flake.hydra.${inputs.hermes-agent.packages.x86_64-linux.default.name} = 1; }",
        expected: Routes(&["apps", "hydra", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "an output one set deeper",
        module: "{ inputs, ... }: { flake.hydra.a = inputs.hermes-agent.packages.x86_64-linux.default; }",
        expected: Routes(&["apps", "hydra", "packages"]),
        ..HEAVY
    },
    Trap {
        name: "an output of a system each",
        module: "{ inputs, lib, ... }: { flake.hydra = lib.genAttrs [ \"x86_64-linux\" ] (s: inputs.hermes-agent.packages.${s}.default); }",
        expected: Routes(&["apps", "hydra", "packages"]),
        ..HEAVY
    },
    // What others have.
    Trap {
        name: "a module that others import",
        module: "{ inputs, ... }: { flake.nixosModules.m = { x = inputs.hermes-agent; }; }",
        expected: Refused("`nixosModules` uses it"),
        ..HEAVY
    },
    Trap {
        name: "another input that follows it",
        edits: &[
            (
                "flake.nix",
                "inputs.nixpkgs.follows = \"nixpkgs\";",
                "inputs.nixpkgs.follows = \"hermes-agent/nixpkgs\";",
            ),
            (
                "flake.lock",
                "\"treefmt-nix\": {\n      \"inputs\": {\n        \"nixpkgs\": [\n          \"nixpkgs\"\n",
                "\"treefmt-nix\": {\n      \"inputs\": {\n        \"nixpkgs\": [\n          \"hermes-agent\",\n          \"nixpkgs\"\n",
            ),
        ],
        expected: Refused("treefmt-nix follows it"),
        ..HEAVY
    },
    // What cannot move with a flakeModule.
    Trap {
        name: "definitions of its options in a file that perSystem is",
        module: "{ perSystem = import ../lib/format.nix; }",
        edits: &[("lib/format.nix", "", "{ ... }: { treefmt.programs.shfmt.enable = true; }\n")],
        input: "treefmt-nix",
        expected: Refused("this may define `treefmt`, and flakepart cannot read it"),
    },
    Trap {
        name: "definitions of its options by a computed name",
        module: "let name = \"tree\" + \"fmt\"; in { perSystem = { ${name}.programs.shfmt.enable = true; }; }",
        input: "treefmt-nix",
        expected: Refused("this may define `treefmt`, its name is computed"),
        ..HEAVY
    },
    Trap {
        name: "a module that import-tree imports, and another that moves",
        module: "{ inputs, ... }: { imports = [ ./trap/more.nix inputs.treefmt-nix.flakeModule ]; }",
        edits: &[("nix/trap/more.nix", "", "{ perSystem.treefmt.programs.shfmt.enable = true; }\n")],
        input: "treefmt-nix",
        expected: Routes(&["checks", "devShells", "formatter"]),
    },
    Trap {
        name: "variables of two lets that have one name",
        module: "{ flake.overlays.nothing = _: _: { }; perSystem = let on = true; in { lib, ... }: let all = on; in let on = lib.id all; in { treefmt.programs.shfmt.enable = on; }; }",
        input: "treefmt-nix",
        expected: Refused("`on` is bound more than once around it"),
        ..HEAVY
    },
    Trap {
        name: "a config of perSystem beside that of the flake",
        module: "{ lib, config, ... }: { flake.overlays.nothing = _: _: { }; perSystem = lib.mkMerge [ { treefmt.programs.shfmt.enable = config.systems != [ ]; } ({ config, ... }: { treefmt.programs.nixfmt.enable = config.packages != { }; }) ]; }",
        input: "treefmt-nix",
        expected: Refused("`config` is bound more than once around it"),
        ..HEAVY
    },
    Trap {
        name: "a module that is read as a text, too",
        module: "{ perSystem = { pkgs, ... }: { packages.text = pkgs.runCommand \"text\" { } (builtins.readFile ./treefmt.nix); }; }",
        input: "treefmt-nix",
        expected: Refused("this reads a file that code has to leave"),
        ..HEAVY
    },
    Trap {
        name: "a condition for more than its options",
        module: "{ perSystem = { pkgs, lib, system, ... }: lib.mkIf (system != \"\") { treefmt.programs.shfmt.enable = true; packages.a = pkgs.nodejs; }; }",
        input: "treefmt-nix",
        expected: Refused("what stands under this condition defines more than the partition provides"),
        ..HEAVY
    },
    Trap {
        name: "a module for more than its options, written out where it is imported",
        module: "{ imports = [ { flake.overlays.nothing = _: _: { }; perSystem.treefmt.programs.shfmt.enable = true; } ]; }",
        input: "treefmt-nix",
        expected: Refused("this module has to move, but it says more than the partition provides"),
        ..HEAVY
    },
    Trap {
        name: "a flake below that the code does not read",
        module: "{ perSystem = { pkgs, ... }: { checks.here = if builtins.pathExists ../. then pkgs.nodejs else pkgs.hello; }; }",
        edits: &[(
            "demo/flake.nix",
            "",
            "{ outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } { imports = [ inputs.hermes-agent.flakeModule ]; }; }\n",
        )],
        expected: Routes(&["apps", "packages"]),
        ..HEAVY
    },
    // What is not to be read or not to be edited.
    Trap {
        name: "a file that cannot be read",
        module: "{ inputs, ... }: { perSystem = { system, ... }: { checks.h = inputs.hermes-agent.packages.${system}.default +; }; }",
        expected: Refused("this file cannot be read"),
        ..HEAVY
    },
    Trap {
        name: "a flake.nix that is generated",
        edits: &[(
            "flake.nix",
            "{\n  description",
            "# DO-NOT-EDIT. This file was auto-generated using github:vic/flake-file.\n{\n  description",
        )],
        expected: Refused("generated"),
        ..HEAVY
    },
    Trap {
        name: "a lock that is not up to date",
        edits: &[(
            "flake.nix",
            "hermes-agent.inputs.systems.follows = \"systems\";",
            "hermes-agent.inputs.systems.follows = \"systems\"; hermes-agent.inputs.nixpkgs.follows = \"nixpkgs\";",
        )],
        expected: Refused(
            "flake.nix has `hermes-agent/nixpkgs` follow `nixpkgs`, flake.lock has it follow nothing",
        ),
        ..HEAVY
    },
];

/// Its flake.
pub fn repository(trap: &Trap) -> Repo {
    Repo::agent_boxes_edited(&[&[("nix/trap.nix", "", trap.module)], trap.edits].concat())
}

#[test]
fn every_trap_is_seen() {
    let mut wrong = String::new();
    for trap in TRAPS {
        let run = repository(trap).flakepart(&[
            // What only may be in the way is left to a proof, where there is one.
            "split",
            "--dry-run",
            "--no-verify",
            "--format",
            "json",
            "--input",
            trap.input,
        ]);
        let as_expected = match trap.expected {
            Routes(attrs) | Changes(attrs) => {
                let plan: Option<Value> = serde_json::from_str(&run.stdout).ok();
                run.code == Some(1) && plan.is_some_and(|plan| plan["attrs"] == Value::from(attrs))
            }
            Refused(why) => run.code == Some(2) && run.stderr.contains(why),
        };
        if !as_expected {
            wrong.push_str(&format!("## {}\n{run}\n", trap.name));
        }
    }
    assert_eq!(wrong, "");
}

/// What is planned, Nix agrees with.
#[test]
fn every_split_in_spite_of_a_trap_is_proved() {
    world::on("nix-2.26", |nix| {
        let mut wrong = String::new();
        for trap in TRAPS.iter().filter(|trap| matches!(trap.expected, Routes(_))) {
            let repo = repository(trap);
            let run = nix.flakepart(&repo, &["split", "--yes", "--input", trap.input]);
            if run.code != Some(0) {
                let (_, proof) = run.stdout.rsplit_once("+}\n").unwrap_or_default();
                wrong.push_str(&format!("## {}\n{proof}{}\n", trap.name, run.stderr));
            }
        }
        assert_eq!(wrong, "");
    });
}

/// What no plan can keep as it is, the proof refuses.
#[test]
fn an_output_that_holds_a_list_of_all_inputs_changes_with_them() {
    world::on("nix-2.26", |nix| {
        for trap in TRAPS.iter().filter(|trap| matches!(trap.expected, Changes(_))) {
            let repo = repository(trap);
            let run = nix.flakepart(&repo, &["split", "--yes", "--input", trap.input]);
            assert_eq!(run.code, Some(1), "{}: {run}", trap.name);
            assert!(run.stdout.contains("checks.x86_64-linux.h: is different"), "{}: {run}", trap.name);
        }
    });
}
