//! Every kind of finding: a flake that has it, and its cure, after which the flake has it no more.

use std::collections::BTreeSet;

use flakepart::finding::Code;

use crate::support::Repo;

/// A kind of finding.
struct Case {
    code: Code,
    /// A flake that has it.
    repo: fn() -> Repo,
    /// The command that says so.
    command: &'static [&'static str],
    /// What docs/findings.md says to do.
    cure: fn(&Repo),
}

const CHECK: &[&str] = &["check"];
const ANALYZE: &[&str] = &["analyze", "--format", "json"];
const DRY_RUN: &[&str] = &["split", "--dry-run", "--partition", "agents"];

const NESTED_NIX: &str = "nix/agents/_inputs/flake.nix";
const NESTED_LOCK: &str = "nix/agents/_inputs/flake.lock";
const PARTITION: &str = "nix/agents/partition.nix";

/// The fixture, with its partition made and committed.
pub fn split() -> Repo {
    let repo = Repo::agent_boxes();
    repo.flakepart(&["split", "--yes", "--no-verify"]);
    repo.commit();
    repo
}

/// The fixture, with settings.
fn with(settings: &str) -> Repo {
    Repo::agent_boxes_edited(&[("flakepart.toml", "", settings)])
}

/// What `nix flake lock` writes: the fixture's lock, which Nix has made.
fn relock(repo: &Repo) {
    repo.write("flake.lock", Repo::agent_boxes().read("flake.lock"));
}

fn fix(repo: &Repo) {
    repo.flakepart(&["check", "--fix"]);
}

fn without_settings(repo: &Repo) {
    repo.write("flakepart.toml", "");
}

/// Gives the fixture's systems input another revision, in the root's lock alone.
fn systems_moved_on(repo: &Repo) {
    let rev = "36243fd710f60384734551dc73e4ab559688e57f";
    repo.replace("flake.lock", rev, &rev.replace('3', "4"));
}

const CASES: &[Case] = &[
    Case {
        code: Code::AttrUnknown,
        repo: || {
            let repo = split();
            repo.replace(PARTITION, "apps = \"agents\"", "packags = \"agents\"");
            repo
        },
        command: CHECK,
        cure: |repo| repo.replace(PARTITION, "packags", "bundlers"),
    },
    Case {
        code: Code::ExceptionExpired,
        repo: || with("[[exceptions]]\ncode = \"growth\"\nreason = \"…\"\nuntil = 2026-01-31\n"),
        command: CHECK,
        cure: |repo| repo.replace("flakepart.toml", "2026", "9999"),
    },
    Case {
        code: Code::FollowsDiffer,
        repo: || {
            let own = "\"systems\": [\n          \"systems\"\n        ]";
            Repo::agent_boxes_with("flake.lock", own, "\"systems\": \"systems\"")
        },
        command: CHECK,
        cure: relock,
    },
    Case {
        code: Code::Growth,
        repo: || {
            let repo = split();
            repo.git(&["checkout", "-q", "HEAD~1", "--", "flake.nix", "flake.lock"]);
            repo.commit();
            repo
        },
        command: &["gate", "--base", "HEAD~1", "--max-growth", "0"],
        cure: |repo| {
            repo.git(&["checkout", "-q", "HEAD~1", "--", "flake.nix", "flake.lock"]);
        },
    },
    Case {
        code: Code::HeavyInput,
        repo: || {
            let repo = split();
            for file in ["flake.nix", "flake.lock"] {
                repo.git(&["checkout", "-q", "HEAD~1", "--", file]);
            }
            repo
        },
        command: CHECK,
        cure: |repo| {
            repo.git(&["checkout", "-q", "HEAD", "--", "."]);
        },
    },
    Case {
        code: Code::InputDenied,
        repo: || with("[inputs]\ndeny = [\"host:git.example\"]\n"),
        command: CHECK,
        cure: without_settings,
    },
    Case {
        code: Code::InputNotDeclared,
        repo: || {
            Repo::agent_boxes_with(
                "flake.nix",
                "    pi-mono = {\n      url = \"git+https://git.example/badlogic/pi-mono\";\n      flake = false;\n    };\n",
                "",
            )
        },
        command: CHECK,
        cure: fix,
    },
    Case {
        code: Code::InputNotLocked,
        repo: || {
            let repo = Repo::agent_boxes();
            let pruned = repo.flakepart(&["lock", "prune", "--input", "pi-mono"]);
            repo.write("flake.lock", pruned.stdout);
            repo
        },
        command: CHECK,
        cure: relock,
    },
    Case {
        code: Code::LockDangling,
        repo: || {
            let follows = "\"systems\": [\n          \"systems\"\n";
            Repo::agent_boxes_with("flake.lock", follows, "\"systems\": [\n          \"gone\"\n")
        },
        command: CHECK,
        cure: relock,
    },
    Case {
        code: Code::LockNotCanonical,
        repo: || Repo::agent_boxes_with("flake.lock", "\"version\": 7", "\"version\":  7"),
        command: CHECK,
        cure: fix,
    },
    Case {
        code: Code::LockUnreachable,
        repo: || {
            let zombie = "\"nodes\": {\n    \"zombie\": { \"locked\": { \"narHash\": \"sha256-x\", \"path\": \"/x\", \"type\": \"path\" }, \"original\": { \"path\": \"/x\", \"type\": \"path\" } },";
            Repo::agent_boxes_with("flake.lock", "\"nodes\": {", zombie)
        },
        command: CHECK,
        cure: fix,
    },
    Case {
        code: Code::InputUnused,
        repo: || {
            let input = "systems.url = \"git+https://git.example/nix-systems/default\";\n    idle.follows = \"systems\";";
            Repo::agent_boxes_edited(&[
                ("flake.nix", "systems.url = \"git+https://git.example/nix-systems/default\";", input),
                (
                    "flake.lock",
                    "        \"import-tree\": \"import-tree\",\n",
                    "        \"idle\": [\n          \"systems\"\n        ],\n        \"import-tree\": \"import-tree\",\n",
                ),
            ])
        },
        command: ANALYZE,
        cure: |repo| {
            repo.replace("flake.nix", "    idle.follows = \"systems\";\n", "");
            relock(repo);
        },
    },
    Case {
        code: Code::SeveralRevisions,
        repo: Repo::agent_boxes,
        command: ANALYZE,
        // hermes-agent's own nixpkgs goes with it.
        cure: |repo| {
            repo.flakepart(&["split", "--yes", "--no-verify"]);
        },
    },
    Case {
        code: Code::NixpkgsBranch,
        repo: || with("[inputs]\nnixpkgs-branches = [\"nixos-unstable\"]\n"),
        command: CHECK,
        cure: |repo| {
            let (plain, branch) =
                ("git.example/NixOS/nixpkgs\"", "git.example/NixOS/nixpkgs?ref=nixos-unstable\"");
            repo.replace("flake.nix", plain, branch);
            let original = "\"original\": {\n        \"ref\": \"nixos-unstable\",\n        \"type\": \"git\",\n        \"url\": \"https://git.example/NixOS/nixpkgs\"";
            let plain = original.replace("        \"ref\": \"nixos-unstable\",\n", "");
            repo.replace("flake.lock", &plain, original);
        },
    },
    Case {
        code: Code::NixpkgsTooOld,
        repo: || with("[inputs]\nnixpkgs-max-age-days = 30\n"),
        command: CHECK,
        cure: |repo| {
            repo.replace("flake.lock", "\"lastModified\": 1775476800", "\"lastModified\": 9999999999")
        },
    },
    Case {
        code: Code::OverBudget,
        repo: || with("[budget.root]\nnodes = 5\n"),
        command: CHECK,
        cure: |repo| {
            repo.flakepart(&["split", "--yes", "--no-verify"]);
        },
    },
    Case {
        code: Code::OverrideStale,
        repo: || {
            let (right, wrong) =
                ("hermes-agent.inputs.systems.follows", "hermes-agent.inputs.sistems.follows");
            Repo::agent_boxes_with("flake.nix", right, wrong)
        },
        command: CHECK,
        cure: |repo| repo.replace("flake.nix", "sistems", "systems"),
    },
    Case {
        code: Code::PartitionIncomplete,
        repo: || {
            let repo = split();
            repo.git(&["rm", "-q", "--cached", NESTED_LOCK]);
            repo
        },
        command: CHECK,
        cure: |repo| {
            repo.git(&["add", NESTED_LOCK]);
        },
    },
    Case {
        code: Code::PartitionUndefined,
        repo: || {
            let repo = split();
            repo.replace(PARTITION, "apps = \"agents\"", "apps = \"agent\"");
            repo
        },
        command: CHECK,
        cure: |repo| repo.replace(PARTITION, "apps = \"agent\"", "apps = \"agents\""),
    },
    Case {
        code: Code::PartitionUnwired,
        repo: || {
            let repo = split();
            repo.git(&["rm", "-qf", PARTITION]);
            repo
        },
        command: CHECK,
        cure: |repo| {
            repo.git(&["rm", "-rq", "nix/agents/_inputs"]);
        },
    },
    Case {
        code: Code::PartitionVisible,
        repo: || {
            let repo = split();
            repo.git(&["mv", "nix/agents/_inputs", "nix/agents/inputs"]);
            repo.replace(PARTITION, "./_inputs", "./inputs");
            repo
        },
        command: CHECK,
        cure: |repo| {
            repo.git(&["mv", "nix/agents/inputs", "nix/agents/_inputs"]);
            repo.replace(PARTITION, "./inputs", "./_inputs");
        },
    },
    Case {
        code: Code::PinDrift,
        repo: || {
            let repo = split();
            systems_moved_on(&repo);
            repo
        },
        command: CHECK,
        cure: fix,
    },
    Case {
        code: Code::PinShadows,
        repo: || {
            let repo = split();
            shadowing(&repo);
            systems_moved_on(&repo);
            repo
        },
        command: CHECK,
        cure: |repo| {
            repo.git(&["checkout", "-q", "HEAD", "--", "nix/agents/_inputs"]);
        },
    },
    Case {
        code: Code::PinsDisagree,
        repo: || {
            let repo = with("agree = [[\"flake.lock#nixpkgs\", \"npins/sources.json#nixpkgs\"]]\n");
            repo.write(
                "npins/sources.json",
                "{ \"pins\": { \"nixpkgs\": { \"revision\": \"0123\" } }, \"version\": 5 }",
            );
            repo
        },
        command: CHECK,
        cure: |repo| {
            let lock: serde_json::Value = serde_json::from_str(&repo.read("flake.lock")).unwrap();
            let key = lock["nodes"]["root"]["inputs"]["nixpkgs"].as_str().unwrap();
            repo.replace("npins/sources.json", "0123", lock["nodes"][key]["locked"]["rev"].as_str().unwrap());
        },
    },
    Case {
        code: Code::ReferenceDiffers,
        repo: || {
            Repo::agent_boxes_with(
                "flake.nix",
                "git.example/NixOS/nixpkgs",
                "git.example/NixOS/nixpkgs?ref=old",
            )
        },
        command: CHECK,
        cure: |repo| repo.replace("flake.nix", "?ref=old", ""),
    },
    Case {
        code: Code::RevisionTooNew,
        repo: || {
            let settings = ("flakepart.toml", "", "[inputs]\nmin-age-days = 3\n");
            let date = ("flake.lock", "\"lastModified\": 1768219200", "\"lastModified\": 9999999999");
            Repo::agent_boxes_edited(&[settings, date])
        },
        command: CHECK,
        cure: relock,
    },
    Case {
        code: Code::UnreadableCode,
        repo: || Repo::agent_boxes_edited(&[("nix/broken.nix", "", "{ inputs, ... : { }\n")]),
        command: CHECK,
        cure: |repo| repo.write("nix/broken.nix", "{ inputs, ... }: { }\n"),
    },
    Case {
        code: Code::ConsumersLoseInputs,
        repo: Repo::agent_boxes,
        command: DRY_RUN,
        // Once it is done, it is only to be told to others.
        cure: |repo| {
            repo.flakepart(&["split", "--yes", "--no-verify", "--partition", "agents"]);
        },
    },
    Case {
        code: Code::UpdateNested,
        repo: Repo::agent_boxes,
        command: DRY_RUN,
        cure: |repo| {
            repo.flakepart(&["split", "--yes", "--no-verify", "--partition", "agents"]);
        },
    },
    Case {
        code: Code::FetchesFlakeCompat,
        repo: || Repo::agent_boxes_with("flake.lock", "1770033600", "1757000000"),
        command: DRY_RUN,
        cure: |repo| repo.replace("flake.lock", "1757000000", "1770033600"),
    },
    Case {
        code: Code::LockRead,
        repo: || {
            let reads = "(builtins.fromJSON (builtins.readFile ./flake.lock)).nodes.nixpkgs_2.locked.rev\n";
            Repo::agent_boxes_edited(&[
                ("rev.nix", "", reads),
                ("nix/rev.nix", "", "{ flake.rev = import ../rev.nix; }\n"),
            ])
        },
        command: DRY_RUN,
        cure: |repo| {
            let lock = "(builtins.fromJSON (builtins.readFile ./flake.lock)).nodes";
            repo.write(
                "rev.nix",
                format!("let nodes = {lock}; in nodes.${{nodes.root.inputs.nixpkgs}}.locked.rev\n"),
            );
        },
    },
    Case {
        code: Code::MayBeNeeded,
        repo: || {
            let dynamic =
                "{ inputs, ... }: { flake.lib = builtins.mapAttrs (_: input: input.lib or { }) inputs; }\n";
            Repo::agent_boxes_edited(&[("nix/lib.nix", "", dynamic)])
        },
        command: &["split", "--dry-run", "--input", "pi-mono"],
        cure: |repo| repo.write("nix/lib.nix", "{ inputs, ... }: { flake.lib = inputs.nixpkgs.lib; }\n"),
    },
];

/// Gives the nested flake the root's input under its own name.
pub fn shadowing(repo: &Repo) {
    repo.replace(NESTED_NIX, "root-systems", "systems");
    let lock = repo.read(NESTED_LOCK);
    // The two nodes of that name are the same revision: swap their keys.
    let lock = lock.replace("\"systems\": \"systems\"", "\"systems\": \"systems_2\"");
    let lock = lock.replace("\"systems\": {", "\"systems_2\": {").replace("root-systems", "systems");
    repo.write(NESTED_LOCK, lock);
    repo.flakepart(&["lock", "normalize", "--write", NESTED_LOCK]);
}

fn says(repo: &Repo, case: &Case) -> bool {
    let run = repo.flakepart(case.command);
    assert!(matches!(run.code, Some(0 | 1)), "{}: {run}", case.code.as_str());
    let text = run.stdout + &run.stderr;
    text.contains(&format!("[{}]", case.code.as_str()))
        || text.contains(&format!("\"code\": \"{}\"", case.code.as_str()))
}

#[test]
fn every_kind_is_raised_and_its_cure_removes_it() {
    for case in CASES {
        let repo = (case.repo)();
        assert!(says(&repo, case), "{} is not raised: {}", case.code.as_str(), repo.flakepart(case.command));
        (case.cure)(&repo);
        assert!(!says(&repo, case), "{} is not cured: {}", case.code.as_str(), repo.flakepart(case.command));
    }
    let shown: BTreeSet<Code> = CASES.iter().map(|case| case.code).collect();
    assert_eq!(shown, Code::ALL.into_iter().collect());
}

#[test]
fn every_kind_is_explained() {
    let repo = Repo::agent_boxes();
    for code in Code::ALL {
        let run = repo.flakepart(&["explain", code.as_str()]);
        let parts: Vec<&str> = run.stdout.split("\n\n").collect();
        let [head, level, example, cure] = parts.as_slice() else { panic!("{run}") };
        let of = format!("*{}.*", format!("{:?}", code.level()).to_lowercase());
        assert_eq!((*head, run.code), (code.as_str(), Some(0)));
        assert!(level.starts_with(&of) && example.starts_with("    ") && cure.ends_with("\n"), "{run}");
    }
}

/// The findings that a check gives as JSON.
fn found(repo: &Repo, files: &[&str]) -> Vec<serde_json::Value> {
    let run = repo.flakepart(&[&["check", "--format", "json"], files].concat());
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    json["findings"].as_array().unwrap().clone()
}

#[test]
fn what_is_found_in_a_file_is_found_by_who_asks_for_that_file_alone() {
    for case in CASES.iter().filter(|case| case.command == CHECK) {
        let repo = (case.repo)();
        for finding in found(&repo, &[]) {
            let file = finding["file"].as_str().unwrap();
            assert!(found(&repo, &[file]).contains(&finding), "{file}: {finding}");
        }
    }
}
