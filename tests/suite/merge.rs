//! `flakepart merge`, without Nix: what a split did is taken back, byte by byte.

use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::Value;

use crate::relocation::{CASES, repository, without_locks};
use crate::support::{Repo, Run};

fn applied(repo: &Repo, arguments: &[&str]) -> Run {
    let run = repo.flakepart(&[arguments, &["--yes", "--no-verify"]].concat());
    assert_eq!(run.code, Some(0), "{run}");
    run
}

/// The fixture, and every case of code that moves with inputs.
fn repositories() -> Vec<(&'static str, Repo, &'static [&'static str])> {
    let cases = CASES.iter().map(|case| {
        let split: &[&str] = &["split", "--input", "treefmt-nix", "--partition", "dev"];
        (case.name, repository(case), split)
    });
    let fixture: &[&str] = &["split", "--partition", "agents"];
    cases.chain([("the fixture", Repo::agent_boxes(), fixture)]).collect()
}

#[test]
fn what_a_split_did_is_gone_whether_it_was_committed_or_not() {
    for (name, repo, split) in repositories() {
        for committed in [false, true] {
            let before = repo.state();
            applied(&repo, split);
            if committed {
                repo.commit();
            }
            let run = applied(&repo, &["merge", split[split.len() - 1]]);
            if committed {
                repo.commit();
            }
            assert_eq!(repo.state(), before, "{name}: {run}");
        }
    }
}

#[test]
fn partitions_made_together_are_taken_back_one_by_one_in_any_order() {
    for order in [["agents", "dev"], ["dev", "agents"]] {
        for (name, repo) in [("with import-tree", Repo::agent_boxes()), ("without", repository(&CASES[1]))] {
            let before = repo.state();
            let run = applied(&repo, &["split", "--all"]);
            assert!(run.stderr.contains("Partition agents") && run.stderr.contains("Partition dev"), "{run}");
            let mut runs = Vec::new();
            for partition in order {
                runs.push(applied(&repo, &["merge", partition]).to_string());
            }
            assert_eq!(repo.state(), before, "{name}: {runs:#?}");
        }
    }
}

/// The fixture with the formatter in a partition, as if it had never been otherwise.
fn without_history(repo: Repo) -> Repo {
    applied(&repo, &["split", "--input", "treefmt-nix", "--partition", "dev"]);
    repo.git(&["update-ref", "-d", "HEAD"]);
    repo.commit();
    repo
}

/// What a merge makes different from how it was before the split, locks apart, which are the same.
fn difference(before: &Repo, after: &Repo) -> String {
    assert_eq!(before.read("flake.lock"), after.read("flake.lock"));
    before.git(&["fetch", "-q", after.path().to_str().unwrap(), "main"]);
    before.git(&["diff", "--no-renames", "HEAD", "FETCH_HEAD"])
}

#[test]
fn without_history_the_inputs_are_declared_again_and_the_modules_are_the_root_s() {
    let mut said = String::new();
    for case in CASES {
        let repo = without_history(repository(case));
        applied(&repo, &["merge", "dev"]);
        repo.commit();
        writeln!(said, "## {}\n{}", case.name, difference(&repository(case), &repo)).unwrap();
    }
    assert_snapshot!(said);
}

const BY_HAND: &[(&str, &str)] = &[
    (
        "names, and a module that imports",
        "{ inputs, ... }:
{
  imports = [ inputs.flake-parts.flakeModules.partitions ];
  partitionedAttrs.checks = \"dev\";
  partitionedAttrs.formatter = \"dev\";
  partitions.dev.extraInputsFlake = ./_inputs;
  partitions.dev.module.imports = [ ./_module/treefmt.nix ];
}
",
    ),
    (
        "sets, among other things, with a module inline",
        "# Who works on this.
{ inputs, lib, ... }:
{
  imports = [
    # The option.
    inputs.flake-parts.flakeModules.partitions
  ];

  flake.overlays.nothing = _: _: { };

  partitionedAttrs = {
    checks = \"dev\";
    formatter = \"dev\";
  };
  partitions = {
    dev = {
      extraInputsFlake = ./_inputs;
      module =
        { inputs, ... }:
        {
          imports = [ inputs.treefmt-nix.flakeModule ];
          perSystem.treefmt.projectRootFile = \"flake.nix\";
        };
    };
  };
}
",
    ),
    (
        "a set as the module, under config",
        "{ inputs, ... }:
{
  imports = [ inputs.flake-parts.flakeModules.partitions ];
  config = {
    partitionedAttrs = { checks = \"dev\"; formatter = \"dev\"; };
    partitions.dev = {
      extraInputsFlake = ./_inputs;
      module.imports = [ ./_module/treefmt.nix inputs.treefmt-nix.flakeModule ];
      module.perSystem.treefmt.programs.nixfmt.enable = true;
    };
  };
}
",
    ),
];

/// Partitions that nobody's split made: each of the forms above in a module of an import-tree, and one in
/// flake.nix itself, with a folder as the module.
pub fn by_hand() -> Vec<(&'static str, Repo)> {
    let mut repos: Vec<(&str, Repo)> = Vec::new();
    for (name, wiring) in BY_HAND {
        let repo = without_history(Repo::agent_boxes());
        repo.write("nix/dev/partition.nix", wiring);
        repos.push((name, repo));
    }
    let repo = without_history(repository(&CASES[1]));
    repo.git(&["rm", "-qf", "nix/dev/partition.nix"]);
    repo.git(&["mv", "nix/treefmt.nix", "nix/dev/default.nix"]);
    repo.replace("flake.nix", "          ./nix/dev/partition.nix\n", "");
    repo.replace(
        "flake.nix",
        "imports = [\n",
        "imports = [\n          inputs.flake-parts.flakeModules.partitions\n",
    );
    repo.replace(
        "flake.nix",
        "        systems = import inputs.systems;\n",
        "        systems = import inputs.systems;

        # What contributors need.
        partitionedAttrs = {
          checks = \"dev\";
          formatter = \"dev\";
        };
        partitions.dev = {
          extraInputsFlake = ./nix/dev;
          module = ./nix/dev;
        };
",
    );
    repos.push(("in flake.nix, a folder as the module", repo));
    for (_, repo) in &repos {
        repo.commit();
    }
    repos
}

#[test]
fn wiring_made_by_hand_is_taken_apart_whatever_its_form() {
    let mut said = String::new();
    for (name, repo) in by_hand() {
        let run = applied(&repo, &["merge", "dev"]);
        writeln!(said, "## {name}\n{}", without_locks(&run.stdout)).unwrap();
    }
    assert_snapshot!(said);
}

#[test]
fn what_was_edited_since_the_split_stays() {
    let repo = Repo::agent_boxes();
    applied(&repo, &["split", "--partition", "agents"]);
    repo.commit();
    repo.replace("flake.nix", "one sandboxed launcher per tool", "a launcher for each");
    repo.write("nix/boxes.nix", format!("# mine\n{}", repo.read("nix/boxes.nix")));
    repo.commit();
    applied(&repo, &["merge", "agents"]);
    assert_snapshot!(repo.git(&["diff", "HEAD~2", "--stat"]), @"
    flake.nix     | 2 +-
    nix/boxes.nix | 1 +
    2 files changed, 2 insertions(+), 1 deletion(-)
    ");
    let before = Repo::agent_boxes().read("flake.nix");
    let edited = before.replace("one sandboxed launcher per tool", "a launcher for each");
    assert_eq!(repo.read("flake.nix"), edited);
}

#[test]
fn an_updated_nested_lock_gives_the_root_its_revisions() {
    let repo = Repo::agent_boxes();
    let before = (repo.read("flake.nix"), repo.read("flake.lock"));
    applied(&repo, &["split", "--partition", "agents"]);
    let mut nested: Value = serde_json::from_str(&repo.read("nix/agents/_inputs/flake.lock")).unwrap();
    let old = nested["nodes"]["pi-mono"]["locked"]["rev"].as_str().unwrap().to_owned();
    let new = "0123456789abcdef0123456789abcdef01234567";
    for input in ["pi-mono", "root-systems"] {
        nested["nodes"][input]["locked"]["rev"] = new.into();
    }
    let updated = serde_json::to_string_pretty(&nested).unwrap() + "\n";
    let mut notes = Vec::new();
    for committed in [false, true] {
        repo.write("nix/agents/_inputs/flake.lock", &updated);
        if committed {
            repo.commit();
        }
        let run = applied(&repo, &["merge", "agents"]);
        assert_eq!(repo.read("flake.nix"), before.0);
        assert_eq!(repo.read("flake.lock"), before.1.replace(&old, new));
        let note = run.stderr.lines().skip_while(|line| !line.starts_with("warning"));
        notes.push(note.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"));
        repo.git(&["reset", "-q", "--hard"]);
        applied(&repo, &["split", "--partition", "agents"]);
    }
    assert_eq!(notes[0], notes[1]);
    assert_snapshot!(notes[0], @"
    warning[pin-drift]: `root-systems` is 0123456789, but the root's `systems` is
    36243fd710
      --> nix/agents/_inputs/flake.lock
      help: merged, it is the root's `systems`, and outputs may differ by that;
            `flakepart sync` makes it so before
    ");
}

#[test]
fn it_says_what_it_cannot_take_apart() {
    let made = without_history(Repo::agent_boxes());
    let module = "nix/dev/partition.nix";
    let nested = "nix/dev/_inputs/flake.nix";
    let mut said = String::new();
    let mut refused = |repo: &Repo, name: &str, partition: &str| {
        let before = repo.state();
        let run = repo.flakepart(&["merge", partition, "--yes", "--no-verify"]);
        assert_eq!(repo.state(), before);
        writeln!(said, "## {name}\n{run}").unwrap();
    };
    refused(&made, "no such partition", "dve");
    refused(&Repo::agent_boxes(), "no partition at all", "dev");
    let edits = [
        (
            "computed routes",
            module,
            "partitionedAttrs = {",
            "partitionedAttrs = builtins.mapAttrs (_: _: \"dev\") {",
        ),
        (
            "inputs that are no flake's",
            module,
            "extraInputsFlake =",
            "extraInputs.x = { };\n    extraInputsFlake =",
        ),
        ("a folder that is computed", module, "./_inputs", "(../dev + \"/_inputs\")"),
        ("outputs of the nested flake", nested, "_: { }", "_: { lib = { }; }"),
        ("a folder as input", nested, "  inputs = {", "  inputs = {\n    here.url = \"path:./here\";"),
        (
            "the root's name for something else",
            nested,
            "    treefmt-nix",
            "    systems.url = \"github:x/y\";\n    treefmt-nix",
        ),
    ];
    for (name, file, from, to) in edits {
        made.replace(file, from, to);
        refused(&made, name, "dev");
        made.git(&["checkout", "-q", "."]);
    }
    assert_snapshot!(said);
}

#[test]
fn a_dry_run_shows_the_diff_and_the_plan() {
    let repo = Repo::agent_boxes();
    applied(&repo, &["split", "--partition", "agents"]);
    let state = repo.state();
    let run = repo.flakepart(&["merge", "agents", "--dry-run"]);
    assert_eq!(run.code, Some(1));
    assert_snapshot!(format!("{}--- stderr ---\n{}", without_locks(&run.stdout), run.stderr));
    let json = repo.flakepart(&["merge", "agents", "--dry-run", "--format", "json"]);
    assert_snapshot!(json);
    assert_eq!(repo.state(), state);
}

#[test]
fn what_happened_between_two_splits_stays_when_both_are_taken_back() {
    let repo = Repo::agent_boxes();
    let before = repo.read("flake.nix");
    applied(&repo, &["split", "--partition", "agents"]);
    repo.commit();
    // An input that the first split knew nothing of, in a partition of its own.
    repo.replace(
        "flake.nix",
        "    import-tree.url",
        "    tools.url = \"git+https://git.example/NixOS/nixpkgs\";\n    import-tree.url",
    );
    let mut lock: Value = serde_json::from_str(&repo.read("flake.lock")).unwrap();
    lock["nodes"]["tools"] = lock["nodes"]["nixpkgs"].clone();
    lock["nodes"]["root"]["inputs"]["tools"] = "tools".into();
    repo.write("flake.lock", serde_json::to_string_pretty(&lock).unwrap() + "\n");
    repo.write(
        "nix/tools.nix",
        "{ inputs, ... }: { perSystem.legacyPackages.rev = inputs.tools.rev or null; }\n",
    );
    repo.commit();
    applied(&repo, &["split", "--input", "tools", "--partition", "tools"]);
    repo.commit();
    applied(&repo, &["merge", "agents"]);
    repo.commit();
    assert_eq!(repo.read("flake.nix"), before);
    applied(&repo, &["merge", "tools"]);
    let between = "    tools.url = \"git+https://git.example/NixOS/nixpkgs\";\n    import-tree.url";
    assert_eq!(repo.read("flake.nix"), before.replace("    import-tree.url", between));
}

#[test]
fn an_edit_where_the_inputs_were_has_them_declared_behind_the_others() {
    let repo = Repo::agent_boxes();
    let locked = repo.read("flake.lock");
    applied(&repo, &["split", "--partition", "agents"]);
    repo.commit();
    repo.replace(
        "flake.nix",
        "inputs.nixpkgs.follows = \"nixpkgs\";\n    };\n  };",
        "inputs.nixpkgs.follows = \"nixpkgs\";\n    }; # ours\n  };",
    );
    let refused = repo.flakepart(&["merge", "agents", "--yes", "--no-verify"]);
    assert!(refused.stderr.contains("uncommitted changes in flake.nix"), "{refused}");
    repo.commit();
    applied(&repo, &["merge", "agents"]);
    assert_eq!(repo.read("flake.lock"), locked);
    assert_snapshot!(repo.git(&["diff", "HEAD", "--", "flake.nix"]));
}

#[test]
fn without_history_partitions_go_one_by_one() {
    let repo = Repo::agent_boxes();
    let locked = repo.read("flake.lock");
    applied(&repo, &["split", "--all"]);
    repo.git(&["update-ref", "-d", "HEAD"]);
    repo.commit();
    for partition in ["agents", "dev"] {
        applied(&repo, &["merge", partition]);
        repo.commit();
    }
    assert_eq!(repo.read("flake.lock"), locked);
    assert!(!repo.git(&["grep", "-l", "treefmt-nix"]).contains("partition.nix"));
}

#[test]
fn a_flake_in_a_subfolder_gets_its_bytes_back() {
    let repo = Repo::agent_boxes();
    std::fs::create_dir(repo.path().join("boxes")).unwrap();
    for name in ["flake.nix", "flake.lock", "nix", "src"] {
        repo.git(&["mv", name, "boxes"]);
    }
    repo.commit();
    let before = repo.state();
    applied(&repo, &["split", "boxes", "--all"]);
    repo.commit();
    applied(&repo, &["merge", "agents", "boxes"]);
    applied(&repo, &["merge", "dev", "boxes"]);
    repo.commit();
    assert_eq!(repo.state(), before);
}

#[test]
fn a_module_that_two_partitions_share_stays_where_it_is() {
    let repo = without_history(Repo::agent_boxes());
    repo.write(
        "nix/other.nix",
        "{ partitionedAttrs.apps = \"other\"; partitions.other.module = ./dev/_module/treefmt.nix; }\n",
    );
    repo.commit();
    applied(&repo, &["merge", "dev"]);
    assert_snapshot!(repo.read("nix/dev/partition.nix"), @"
    { inputs, ... }:
    {
      imports = [
        inputs.flake-parts.flakeModules.partitions
        ./_module/treefmt.nix
      ];
    }
    ");
}
