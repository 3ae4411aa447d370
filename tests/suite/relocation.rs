//! Code that has to move with inputs: what the diff of a split says about it, and that Nix finds every
//! derivation the same afterwards.

use std::fmt::Write as _;

use insta::assert_snapshot;

use crate::real_nix::world;
use crate::support::Repo;

/// A variant of the fixture: files, the text to replace (all of it where empty), and what to put there.
pub struct Case {
    pub name: &'static str,
    edits: &'static [(&'static str, &'static str, &'static str)],
}

/// The fixture's modules without import-tree.
const MODULES: &str = "{
        systems = import inputs.systems;

        imports = [
          ./nix/boxes.nix
          ./nix/bubblebox.nix
          ./nix/check.nix
          ./nix/claudebox.nix
          ./nix/devshell.nix # for contributors
          ./nix/hermesbox.nix
          ./nix/overlay.nix
          ./nix/pi-agent.nix
          ./nix/pibox.nix
          ./nix/pkgs.nix
          ./nix/treefmt.nix
        ];
      }";

const TREE: &str = "inputs.import-tree ./nix
      // {
        systems = import inputs.systems;
      }";

pub const CASES: &[Case] = &[
    Case { name: "a module of an import-tree goes where import-tree does not look", edits: &[] },
    Case { name: "a module of an imports list stays where it is", edits: &[("flake.nix", TREE, MODULES)] },
    Case {
        name: "a cut out of a module that has other things to say",
        edits: &[(
            "nix/treefmt.nix",
            "",
            "# Formatting.
{ inputs, lib, ... }:
let
  # Not everywhere.
  shells = lib.optionalAttrs true { shfmt.enable = true; };
in
{
  imports = [
    inputs.treefmt-nix.flakeModule # for contributors
  ];

  flake.overlays.nothing = _: _: { };

  perSystem =
    { pkgs, system, ... }:
    let
      inherit (pkgs) lib hello;
      root = builtins.baseNameOf ../flake.nix;
    in
    {
      packages.greeting = hello;

      # What `nix fmt` does.
      treefmt = {
        projectRootFile = root;
        programs = {
          nixfmt.enable = lib.elem system [ system ];
        }
        // shells;
      };
    };
}
",
        )],
    },
    Case {
        name: "a cut out of flake.nix, which takes its inputs by name",
        edits: &[
            ("nix/treefmt.nix", "", "{ }\n"),
            (
                "flake.nix",
                "inputs:
    inputs.flake-parts.lib.mkFlake { inherit inputs; } (",
                "{ self, flake-parts, treefmt-nix, ... }@inputs:
    flake-parts.lib.mkFlake { inherit inputs; } (",
            ),
            (
                "flake.nix",
                TREE,
                "{
        imports = [ (inputs.import-tree ./nix) treefmt-nix.flakeModule ];
        systems = import inputs.systems;
        perSystem = { config, pkgs, ... }: {
          treefmt.projectRootFile = \"flake.nix\";
          treefmt.programs.nixfmt = { enable = true; package = pkgs.nixfmt; };
          packages.source = pkgs.runCommand \"source\" { } \"ls ${self} > $out\";
        };
      }",
            ),
        ],
    },
    Case {
        name: "definitions in a file of their own, and under questions",
        edits: &[
            (
                "nix/treefmt.nix",
                "",
                "{ inputs, lib, ... }:
{
  imports = [ ] ++ lib.optional (inputs.treefmt-nix ? flakeModule) inputs.treefmt-nix.flakeModule;

  perSystem =
    { config, pkgs, lib, ... }:
    { packages.greeting = pkgs.hello; }
    // lib.optionalAttrs (inputs.treefmt-nix ? flakeModule) {
      treefmt = { projectRootFile = \"flake.nix\"; programs.shfmt.enable = true; };
    };
}
",
            ),
            (
                "nix/format.nix",
                "",
                "{
  config = {
    perSystem.treefmt.programs.nixfmt.enable = true;
    flake.overlays.nothing = _: _: { };
  };
}
",
            ),
        ],
    },
    Case {
        name: "code under conditions stays under them",
        edits: &[
            (
                "nix/treefmt.nix",
                "",
                "{ inputs, lib, config, ... }:
{
  imports = [ inputs.treefmt-nix.flakeModule ];

  options.formats = lib.mkOption { default = true; };

  config = lib.mkIf config.formats {
    perSystem.treefmt.projectRootFile = \"flake.nix\";
  };
}
",
            ),
            (
                "nix/format.nix",
                "",
                "{
  flake.overlays.nothing = _: _: { };

  perSystem =
    { pkgs, lib, system, ... }:
    lib.mkMerge [
      { packages.greeting = pkgs.hello; }
      # Where people work.
      (lib.mkIf (lib.hasSuffix \"linux\" system) {
        treefmt.programs.nixfmt.enable = true;
      })
      (lib.mkIf (system == \"riscv64-linux\") { treefmt.programs.shfmt.enable = true; })
    ];
}
",
            ),
        ],
    },
    Case {
        name: "comments go with their code, and stay where there is none",
        edits: &[(
            "nix/treefmt.nix",
            "",
            "{ inputs, ... }:
{
  # Modules of others.
  imports = [
    # The formatter.
    inputs.treefmt-nix.flakeModule # for contributors
    # inputs.git-hooks.flakeModule
  ];

  flake.overlays.nothing = _: _: { };

  # What it does.
  perSystem.treefmt = {
    # Up to here.
    projectRootFile = \"flake.nix\";
    programs.nixfmt.enable = true; # the one
  }; # No more.
}
",
        )],
    },
    Case {
        name: "modules written out where they are imported",
        edits: &[(
            "nix/treefmt.nix",
            "",
            "{ inputs, ... }:
{
  imports = [
    inputs.treefmt-nix.flakeModule
    { perSystem.treefmt.projectRootFile = \"flake.nix\"; }
    ({ ... }: { perSystem = { imports = [ { treefmt.programs.nixfmt.enable = true; } ]; }; })
  ];

  flake.overlays.nothing = _: _: { };
}
",
        )],
    },
    Case {
        name: "functions that call all their arguments by other names",
        edits: &[(
            "nix/treefmt.nix",
            "",
            "{ inputs, lib, ... }:
{
  imports = [ inputs.treefmt-nix.flakeModule ];

  perSystem = lib.mkMerge [
    (a: {
      packages.greeting = a.pkgs.hello;
      treefmt.projectRootFile = if a.system == \"\" then \"\" else \"flake.nix\";
    })
    # With these.
    (b: { treefmt.programs.nixfmt.package = b.pkgs.nixfmt; treefmt.programs.nixfmt.enable = true; })
  ];

  flake.overlays.nothing = _: _: { };
}
",
        )],
    },
    Case {
        name: "modules of one name",
        edits: &[
            (
                "nix/treefmt.nix",
                "",
                "{ inputs, ... }: { imports = [ inputs.treefmt-nix.flakeModule ]; perSystem.treefmt.projectRootFile = \"flake.nix\"; }\n",
            ),
            ("nix/a/default.nix", "", "{ perSystem.treefmt.programs.nixfmt.enable = true; }\n"),
            (
                "nix/b/treefmt.nix",
                "",
                "{ lib, ... }: { perSystem.treefmt.programs.shfmt.enable = lib.pathExists ../boxes.nix; }\n",
            ),
        ],
    },
    Case {
        name: "imports of flake.nix that hold nothing else",
        edits: &[
            ("nix/treefmt.nix", "", "{ }\n"),
            (
                "flake.nix",
                TREE,
                "{
        systems = import inputs.systems;

        imports = [
          inputs.treefmt-nix.flakeModule # for contributors
        ];

        perSystem.treefmt.projectRootFile = \"flake.nix\";
      }",
            ),
        ],
    },
    Case {
        name: "a template, and a loop over all systems that may define any output",
        edits: &[
            (
                "nix/templates.nix",
                "",
                "{ inputs, ... }:
{
  flake.templates.formatter = {
    path = \"${inputs.treefmt-nix}\";
    description = \"What formats this flake\";
  };
}
",
            ),
            (
                "nix/aliases.nix",
                "",
                "{ lib, config, ... }:
{
  flake = lib.mkMerge (
    lib.mapAttrsToList (system: cfg: {
      ${if system == \"x86_64-linux\" then \"names\" else null} = builtins.attrNames cfg.packages;
    }) config.allSystems
  );
}
",
            ),
        ],
    },
];

/// The repository of a case, committed.
pub fn repository(case: &Case) -> Repo {
    Repo::agent_boxes_edited(case.edits)
}

/// The part of a diff that is no lock.
pub fn without_locks(diff: &str) -> String {
    let files = diff.split("diff --git ").skip(1);
    files
        .filter(|file| !file.lines().next().is_some_and(|head| head.ends_with("flake.lock")))
        .map(|file| format!("diff --git {file}"))
        .collect()
}

#[test]
fn the_code_that_a_flake_module_needs_goes_with_it() {
    let mut said = String::new();
    for case in CASES {
        let run = repository(case).flakepart(&["split", "--dry-run", "--input", "treefmt-nix"]);
        assert_eq!(run.code, Some(1), "{}: {run}", case.name);
        writeln!(said, "## {}\n{}", case.name, without_locks(&run.stdout)).unwrap();
    }
    assert_snapshot!(said);
}

#[test]
fn every_derivation_stays_the_same() {
    for name in ["nix-2.8", "nix-2.26"] {
        world::on(name, |nix| {
            for case in CASES {
                let repo = repository(case);
                let run = nix.flakepart(&repo, &["split", "--yes", "--input", "treefmt-nix"]);
                assert_eq!(run.code, Some(0), "{}: {run}", case.name);
                let state = repo.state();
                let again = nix.flakepart(&repo, &["split", "--yes", "--input", "treefmt-nix"]);
                assert_eq!((again.code, repo.state()), (Some(0), state), "{}: {again}", case.name);
            }
        });
    }
}
