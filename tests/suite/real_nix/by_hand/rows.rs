//! The traps, in the order of facts/partitions.md.
//!
//! What that lists besides is no error of a split: an output that embeds the flake's source is another after
//! any edit (`split.rs`: source-dependent), `nix build .#x` looks into the packages first (a proof does not),
//! `nix flake check` needs the inputs of partitions, and newer Nix fetches them again.

use super::{Edit, Row};
use crate::flake_file::FLAKE_FILE;
use crate::real_nix::world::{lock, url, value, words};
use crate::support::Repo;

/// The heavy input moved as one would at first.
const MOVED: &[Edit] = &[
    (
        "flake.nix",
        "    hermes-agent.url = \"git+https://git.example/NousResearch/hermes-agent\";
    hermes-agent.inputs.systems.follows = \"systems\";\n",
        "",
    ),
    (
        "nix/agents/_inputs/flake.nix",
        "",
        "{
  inputs.hermes-agent.url = \"git+https://git.example/NousResearch/hermes-agent\";
  outputs = _: { };
}\n",
    ),
    (
        "nix/agents/partition.nix",
        "",
        "{ inputs, ... }:
{
  imports = [ inputs.flake-parts.flakeModules.partitions ];
  partitions.agents.extraInputsFlake = ./_inputs;
  partitionedAttrs.apps = \"agents\";
  partitionedAttrs.packages = \"agents\";
}\n",
    ),
];

const HEAVY: Row = Row {
    name: "",
    before: &[],
    by_hand: &[MOVED],
    untracked: &[],
    input: "hermes-agent",
    ask: |nix, repo| value(nix, repo, "flake.packages.x86_64-linux.hermesbox.drvPath"),
    told: None,
};

/// The formatter moved, and nothing but its declaration.
const FORMATTER_MOVED: &[Edit] = &[
    (
        "flake.nix",
        "    treefmt-nix = {
      url = \"git+https://git.example/numtide/treefmt-nix\";
      inputs.nixpkgs.follows = \"nixpkgs\";
    };\n",
        "",
    ),
    (
        "nix/agents/_inputs/flake.nix",
        "",
        "{
  inputs.treefmt-nix.url = \"git+https://git.example/numtide/treefmt-nix\";
  outputs = _: { };
}\n",
    ),
    (
        "nix/agents/partition.nix",
        "",
        "{ inputs, ... }:
{
  imports = [ inputs.flake-parts.flakeModules.partitions ];
  partitions.agents.extraInputsFlake = ./_inputs;
  partitions.agents.module = ./_module.nix;
  partitionedAttrs.checks = \"agents\";
  partitionedAttrs.devShells = \"agents\";
  partitionedAttrs.formatter = \"agents\";
}\n",
    ),
    ("nix/agents/_module.nix", "", "{ }\n"),
];

/// The import of its module moved, too, and the definitions of its options.
const MODULE_MOVED: &[Edit] = &[
    ("nix/treefmt.nix", "", "{ }\n"),
    (
        "nix/agents/_module.nix",
        "",
        "{ inputs, ... }:
{
  imports = [ inputs.treefmt-nix.flakeModule ];
  perSystem = { pkgs, ... }: {
    treefmt.projectRootFile = \"flake.nix\";
    treefmt.programs.nixfmt.enable = true;
    treefmt.programs.shfmt.enable = true;
    packages.greeting = pkgs.hello;
  };
}\n",
    ),
];

const FORMATTER: Row = Row {
    by_hand: &[FORMATTER_MOVED],
    input: "treefmt-nix",
    ask: |nix, repo| value(nix, repo, "flake.packages.x86_64-linux.claudebox.drvPath"),
    ..HEAVY
};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "a moved input follows one of the root: locked",
        by_hand: &[
            MOVED,
            &[(
                "nix/agents/_inputs/flake.nix",
                "  outputs",
                "  inputs.hermes-agent.inputs.systems.follows = \"systems\";\n  outputs",
            )],
        ],
        ..HEAVY
    },
    Row {
        name: "a moved input follows one of the root no more",
        by_hand: &[
            MOVED,
            &[(
                "nix/agents/_inputs/flake.nix",
                "  outputs",
                "  inputs.hermes-agent.inputs.systems.follows = \"\";\n  outputs",
            )],
        ],
        ..HEAVY
    },
    Row {
        name: "the nested flake has an input that is called as one of the root",
        before: &[("nix/trap.nix", "", "{ perSystem = { pkgs, ... }: { checks.hello = pkgs.hello; }; }\n")],
        by_hand: &[
            FORMATTER_MOVED,
            MODULE_MOVED,
            &[(
                "nix/agents/_inputs/flake.nix",
                "  outputs",
                "  inputs.nixpkgs.url = \"git+https://git.example/NixOS/nixpkgs\";
  inputs.treefmt-nix.inputs.nixpkgs.follows = \"nixpkgs\";\n  outputs",
            )],
        ],
        // As somebody does who consumes the flake with a nixpkgs of their own.
        ask: |nix, repo| {
            let older = &lock(&Repo::agent_boxes(), "flake.lock")["nodes"]["nixpkgs"]["locked"]["rev"];
            let older = format!("git+https://git.example/NixOS/nixpkgs?rev={}", older.as_str().unwrap());
            let hello = ".#checks.x86_64-linux.hello.name";
            nix.ask(repo.path(), &["eval", "--raw", "--override-input", "nixpkgs", &older, hello])
        },
        ..FORMATTER
    },
    Row { name: "a flakeModule is imported at the top", ..FORMATTER },
    Row {
        name: "definitions of the options of a flakeModule stay",
        by_hand: &[
            FORMATTER_MOVED,
            &[
                ("nix/treefmt.nix", "  imports = [ inputs.treefmt-nix.flakeModule ];\n", ""),
                (
                    "nix/agents/_module.nix",
                    "",
                    "{ inputs, ... }: { imports = [ inputs.treefmt-nix.flakeModule ]; }\n",
                ),
            ],
        ],
        ..FORMATTER
    },
    Row {
        name: "an output is a value of the input itself",
        before: &[("nix/trap.nix", "", "{ inputs, ... }: { flake.hydra = inputs.hermes-agent.packages; }\n")],
        by_hand: &[
            MOVED,
            &[(
                "nix/agents/partition.nix",
                "  partitionedAttrs.apps",
                "  partitionedAttrs.hydra = \"agents\";\n  partitionedAttrs.apps",
            )],
        ],
        ask: |nix, repo| value(nix, repo, "flake.hydra.x86_64-linux.default.drvPath"),
        ..HEAVY
    },
    Row {
        name: "an output is a value of the input itself, under a condition",
        before: &[(
            "nix/trap.nix",
            "",
            "{ inputs, lib, ... }: { flake.hydra = lib.mkIf true inputs.hermes-agent.packages; }\n",
        )],
        by_hand: &[
            MOVED,
            &[(
                "nix/agents/partition.nix",
                "  partitionedAttrs.apps",
                "  partitionedAttrs.hydra = \"agents\";\n  partitionedAttrs.apps",
            )],
        ],
        ask: |nix, repo| value(nix, repo, "flake.hydra.x86_64-linux.default.drvPath"),
        ..HEAVY
    },
    Row {
        name: "a closure over the inputs of the root goes into the partition",
        before: &[(
            "flake.nix",
            "systems = import inputs.systems;",
            "systems = import inputs.systems; flake.hydra = inputs.hermes-agent.packages;",
        )],
        by_hand: &[
            MOVED,
            &[
                (
                    "nix/agents/partition.nix",
                    "  partitionedAttrs.apps",
                    "  partitionedAttrs.hydra = \"agents\";\n  partitionedAttrs.apps",
                ),
                ("flake.nix", "flake.hydra = inputs", "partitions.agents.module.flake.hydra = inputs"),
            ],
        ],
        ask: |nix, repo| value(nix, repo, "flake.hydra.x86_64-linux.default.drvPath"),
        ..HEAVY
    },
    Row {
        name: "an output that stays at the root uses it",
        before: &[(
            "nix/trap.nix",
            "",
            "{ inputs, ... }: { perSystem = { system, ... }: { checks.h = inputs.hermes-agent.packages.${system}.default; }; }\n",
        )],
        ask: |nix, repo| value(nix, repo, "flake.checks.x86_64-linux.h.drvPath"),
        ..HEAVY
    },
    Row {
        name: "an output that stays at the root uses it, and has words for that",
        by_hand: &[MOVED, &[("nix/agents/partition.nix", "  partitionedAttrs.packages = \"agents\";\n", "")]],
        ..HEAVY
    },
    Row {
        name: "a default where the input is missing",
        before: &[(
            "nix/trap.nix",
            "",
            "{ inputs, ... }: { perSystem = { pkgs, system, ... }: { checks.h = inputs.hermes-agent.packages.${system}.default or pkgs.nodejs; }; }\n",
        )],
        ask: |nix, repo| value(nix, repo, "flake.checks.x86_64-linux.h.name"),
        ..HEAVY
    },
    Row {
        name: "a question whether the input is there",
        before: &[(
            "nix/trap.nix",
            "",
            "{ inputs, ... }: { perSystem = { pkgs, ... }: { checks.h = if inputs ? hermes-agent then pkgs.hello else pkgs.nodejs; }; }\n",
        )],
        ask: |nix, repo| value(nix, repo, "flake.checks.x86_64-linux.h.name"),
        ..HEAVY
    },
    Row {
        name: "an output that stays at the root reads config",
        before: &[(
            "nix/trap.nix",
            "",
            "{ perSystem = { config, ... }: { checks.h = config.packages.hermesbox; }; }\n",
        )],
        ask: |nix, repo| value(nix, repo, "flake.checks.x86_64-linux.h.drvPath"),
        ..HEAVY
    },
    Row {
        name: "an input of the root follows it",
        before: &[(
            "flake.nix",
            "inputs.nixpkgs.follows = \"nixpkgs\";",
            "inputs.nixpkgs.follows = \"hermes-agent/nixpkgs\";",
        )],
        ..HEAVY
    },
    Row {
        name: "the module that moves defines what stays at the root, too",
        before: &[(
            "nix/treefmt.nix",
            "",
            "{ inputs, ... }:
{
  imports = [ inputs.treefmt-nix.flakeModule ];
  perSystem = { pkgs, ... }: {
    treefmt.projectRootFile = \"flake.nix\";
    packages.greeting = pkgs.hello;
  };
}\n",
        )],
        by_hand: &[FORMATTER_MOVED, MODULE_MOVED],
        ask: |nix, repo| value(nix, repo, "flake.packages.x86_64-linux.greeting.drvPath"),
        ..FORMATTER
    },
    Row {
        name: "a module for other flakes uses it",
        before: &[(
            "nix/trap.nix",
            "",
            "{ inputs, ... }: { flake.nixosModules.m = { x = inputs.hermes-agent; }; }\n",
        )],
        ask: |nix, repo| value(nix, repo, "flake.nixosModules.m.x.packages.x86_64-linux.default.drvPath"),
        ..HEAVY
    },
    Row {
        name: "git does not know the module that wires the partition",
        untracked: &["nix/agents/partition.nix"],
        ..HEAVY
    },
    Row {
        name: "git does not know the nested flake",
        untracked: &["nix/agents/_inputs/flake.nix", "nix/agents/_inputs/flake.lock"],
        ..HEAVY
    },
    Row { name: "git does not know the nested lock", untracked: &["nix/agents/_inputs/flake.lock"], ..HEAVY },
    Row {
        name: "the nested lock is of another version",
        by_hand: &[
            MOVED,
            &[(
                "nix/agents/_inputs/flake.lock",
                "",
                "{ \"nodes\": { \"root\": { } }, \"root\": \"root\", \"version\": 8 }\n",
            )],
        ],
        ..HEAVY
    },
    Row {
        name: "the nested flake has the root as an input",
        before: &[(
            "nix/trap.nix",
            "",
            "{ inputs, lib, ... }: { perSystem = { pkgs, ... }: { packages.a = if lib.all (input: input ? outPath) (lib.attrValues inputs) then pkgs.hello else pkgs.nodejs; }; }\n",
        )],
        by_hand: &[
            MOVED,
            &[(
                "nix/agents/_inputs/flake.nix",
                "  outputs",
                "  inputs.root.url = \"path:../../..\";
  inputs.hermes-agent.inputs.systems.follows = \"root/systems\";\n  outputs",
            )],
        ],
        ask: |nix, repo| {
            let ran = nix.run(repo.path(), &["eval", "--raw", ".#packages.x86_64-linux.a.name"]);
            if ran.code == Some(0) { ran.stdout } else { words(&ran.stderr, repo) }
        },
        ..HEAVY
    },
    Row {
        name: "a folder of a source that is no flake",
        before: &[
            ("flake.nix", "badlogic/pi-mono", "badlogic/pi-mono?dir=packages"),
            (
                "nix/trap.nix",
                "",
                "{ inputs, ... }: { perSystem = { pkgs, ... }: { packages.source = pkgs.runCommand (baseNameOf inputs.pi-mono) { } \"\"; }; }\n",
            ),
        ],
        by_hand: &[&[
            (
                "flake.nix",
                "    pi-mono = {\n      url = \"git+https://git.example/badlogic/pi-mono?dir=packages\";\n      flake = false;\n    };\n",
                "",
            ),
            MOVED[1],
            MOVED[2],
            (
                "nix/agents/_inputs/flake.nix",
                "hermes-agent.url = \"git+https://git.example/NousResearch/hermes-agent\"",
                "pi-mono = { url = \"git+https://git.example/badlogic/pi-mono?dir=packages\"; flake = false; }",
            ),
        ]],
        input: "pi-mono",
        ask: |nix, repo| value(nix, repo, "flake.packages.x86_64-linux.source.name"),
        ..HEAVY
    },
    Row {
        name: "a default.nix that reads the lock",
        before: &[(
            "default.nix",
            "",
            "(builtins.fromJSON (builtins.readFile ./flake.lock)).nodes.nixpkgs_2.locked.rev\n",
        )],
        ask: |nix, repo| {
            let ran = nix.run(repo.path(), &["eval", "--raw", "--impure", "--file", "default.nix"]);
            if ran.code == Some(0) { ran.stdout } else { words(&ran.stderr, repo) }
        },
        told: Some("lock-read"),
        ..HEAVY
    },
    Row {
        name: "flake-file generates flake.nix",
        before: &[
            (
                "flake.nix",
                "{\n  description",
                "# DO-NOT-EDIT. This file was auto-generated.\n{\n  description",
            ),
            ("nix/flake-file.nix", "", FLAKE_FILE),
            (
                "nix/trap.nix",
                "",
                "{
  flake-file.inputs.hermes-agent = {
    url = \"git+https://git.example/NousResearch/hermes-agent\";
    inputs.systems.follows = \"systems\";
  };
}\n",
            ),
        ],
        ask: |nix, repo| {
            value(
                nix,
                repo,
                "let
                  written = builtins.fromJSON flake.packages.x86_64-linux.write-flake.inputs;
                  there = (import (flake.outPath + \"/flake.nix\")).inputs;
                in
                if written ? hermes-agent == there ? hermes-agent then \"the same\" else \"it comes again\"",
            )
        },
        ..HEAVY
    },
    Row {
        name: "an input by a computed name",
        before: &[(
            "nix/trap.nix",
            "",
            "{ inputs, lib, ... }: { perSystem = { system, ... }: { checks.h = lib.head (map (name: inputs.${name}.packages.${system}.default) [ \"hermes-agent\" ]); }; }\n",
        )],
        ask: |nix, repo| value(nix, repo, "flake.checks.x86_64-linux.h.drvPath"),
        ..HEAVY
    },
    Row {
        name: "an argument of outputs",
        before: &[(
            "flake.nix",
            "inputs:\n    inputs.flake-parts",
            "inputs@{ self, flake-parts, hermes-agent, import-tree, nixpkgs, pi-mono, systems, treefmt-nix }:\n    flake-parts",
        )],
        ..HEAVY
    },
    Row {
        name: "consumers that follow it",
        ask: |nix, repo| {
            let flake = "{ inputs.boxes.url = \"BOXES\"; inputs.hermes.follows = \"boxes/hermes-agent\"; outputs = _: { }; }\n";
            let consumer = Repo::new(&[("flake.nix", &flake.replace("BOXES", &url(repo)))]);
            let ran = nix.run(consumer.path(), &["flake", "lock"]);
            if ran.code == Some(0) { "locked".to_owned() } else { words(&ran.stderr, &consumer) }
        },
        told: Some("consumers-lose-inputs"),
        ..HEAVY
    },
    Row {
        name: "consumers that override it",
        ask: |nix, repo| {
            let flake = "{ inputs.boxes.url = \"BOXES\"; inputs.boxes.inputs.hermes-agent.follows = \"\"; outputs = _: { }; }\n";
            let consumer = Repo::new(&[("flake.nix", &flake.replace("BOXES", &url(repo)))]);
            let ran = nix.run(consumer.path(), &["flake", "lock"]);
            ran.stderr.lines().find(|line| line.contains("hermes-agent")).unwrap_or("locked").to_owned()
        },
        told: Some("consumers-lose-inputs"),
        ..HEAVY
    },
    Row {
        name: "what nix flake update updates",
        ask: |nix, repo| {
            let metadata = nix.ask(repo.path(), &["flake", "metadata", "--json"]);
            let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
            let inputs = metadata["locks"]["nodes"]["root"]["inputs"].as_object().unwrap();
            inputs.keys().cloned().collect::<Vec<_>>().join(", ")
        },
        told: Some("update-nested"),
        ..HEAVY
    },
];
