//! `flakepart lock normalize`, `prune` and `extract`

use std::os::unix::fs::PermissionsExt as _;

use flakepart::lock::Lock;
use insta::assert_snapshot;

use crate::support::Repo;

#[test]
fn what_prune_and_extract_print_is_what_a_split_writes() {
    let repo = Repo::agent_boxes();
    let moved = ["--input", "hermes-agent", "pi-mono"];
    let pruned = repo.flakepart(&[&["lock", "prune"], &moved[..]].concat());
    let alias = ["--alias", "systems=root-systems"];
    let extracted = repo.flakepart(&[&["lock", "extract"], &moved[..], &alias].concat());
    repo.flakepart(&["split", "--yes", "--no-verify"]);
    assert_eq!(pruned.stdout, repo.read("flake.lock"));
    assert_eq!(extracted.stdout, repo.read("nix/agents/_inputs/flake.lock"));
}

#[test]
fn extract_says_which_alias_is_missing() {
    assert_snapshot!(Repo::agent_boxes().flakepart(&["lock", "extract", "--input", "hermes-agent"]), @"
    exit code 2
    --- stderr ---
    error: flake.lock: input `hermes-agent/systems` follows `systems`, which does not come along

    hint: take along `--alias systems=root-systems`
    ");
}

#[test]
fn prune_says_who_follows_what_would_go() {
    assert_snapshot!(Repo::agent_boxes().flakepart(&["lock", "prune", "--input", "systems"]), @r#"
    exit code 2
    --- stderr ---
    error: flake.lock: input `hermes-agent/systems` follows `systems`, which would go

    hint: move `hermes-agent` as well, keep `systems`, or cut the follows in flake.nix (`inputs.hermes-agent.inputs.systems.follows = ""`)
    "#);
}

#[test]
fn normalize_brings_any_spelling_to_nix_s_own() {
    let repo = Repo::agent_boxes();
    let nix = repo.read("flake.lock");
    assert_eq!(repo.flakepart(&["lock", "normalize", "--check"]).code, Some(0));
    let json: serde_json::Value = serde_json::from_str(&nix).unwrap();
    repo.write("flake.lock", json.to_string());
    assert_eq!(repo.flakepart(&["lock", "normalize", "--check"]).code, Some(1));
    assert_eq!(repo.flakepart(&["lock", "normalize"]).stdout, nix);
    assert_eq!(repo.flakepart_with_input(&["lock", "normalize", "-"], &json.to_string()).stdout, nix);
    assert_eq!(repo.flakepart(&["lock", "normalize", "--write"]).code, Some(0));
    assert_eq!(repo.read("flake.lock"), nix);
    assert!(Lock::parse(nix.as_bytes()).is_ok());
}

#[test]
fn the_lock_may_stand_behind_the_inputs_too() {
    let repo = Repo::agent_boxes();
    for command in ["prune", "extract"] {
        let aliases = ["--alias", "systems=root-systems", "--alias", "nixpkgs=root-nixpkgs"];
        let aliases = if command == "extract" { &aliases[..] } else { &[] };
        let before =
            [&["lock", command, "flake.lock", "--input", "hermes-agent", "pi-mono"], aliases].concat();
        let behind = [&["lock", command], aliases, &["--input", "hermes-agent", "pi-mono"]].concat();
        let before = repo.flakepart(&before);
        assert_eq!(before.code, Some(0), "{before}");
        for lock in ["flake.lock", "./flake.lock", ".", repo.path().to_str().unwrap()] {
            let behind = repo.flakepart(&[&behind[..], &[lock]].concat());
            assert_eq!(behind.stdout, before.stdout, "{lock}: {behind}");
        }
        let each = ["--input", "hermes-agent", "--input", "pi-mono", "."];
        assert_eq!(repo.flakepart(&[&["lock", command], aliases, &each].concat()).stdout, before.stdout);
    }
}

#[test]
fn a_check_says_what_it_found() {
    let repo = Repo::agent_boxes();
    assert_snapshot!(repo.flakepart(&["lock", "normalize", "--check"]), @"
    exit code 0
    --- stderr ---
    flake.lock has the bytes that Nix would write
    ");
    repo.write("flake.lock", repo.read("flake.lock") + "\n");
    assert_snapshot!(repo.flakepart(&["lock", "normalize", "--check"]), @"
    exit code 1
    --- stderr ---
    flake.lock has other bytes than those that Nix would write
    ");
}

#[test]
fn an_input_that_is_not_there_is_guessed_at_or_all_are_told() {
    let repo = Repo::agent_boxes();
    let mut said = String::new();
    for command in ["prune", "extract"] {
        for input in ["nixpgs", "unlike"] {
            said += &repo.flakepart(&["lock", command, "--input", input]).to_string();
        }
    }
    assert_snapshot!(said, @"
    exit code 2
    --- stderr ---
    error: flake.lock: no root input `nixpgs`

    hint: did you mean `nixpkgs`?
    exit code 2
    --- stderr ---
    error: flake.lock: no root input `unlike`

    hint: it has: flake-parts, hermes-agent, import-tree, nixpkgs, pi-mono, systems, treefmt-nix
    exit code 2
    --- stderr ---
    error: flake.lock: no root input `nixpgs`

    hint: did you mean `nixpkgs`?
    exit code 2
    --- stderr ---
    error: flake.lock: no root input `unlike`

    hint: it has: flake-parts, hermes-agent, import-tree, nixpkgs, pi-mono, systems, treefmt-nix
    ");
}

#[test]
fn a_file_that_is_no_lock_is_not_to_be_deleted() {
    let repo = Repo::agent_boxes();
    repo.write("package.json", "{ \"name\": \"x\", \"version\": \"1.0.0\" }\n");
    repo.write("package-lock.json", "{ \"name\": \"x\", \"lockfileVersion\": 3 }\n");
    repo.write("Cargo.lock", "[[package]]\n");
    let mut said = String::new();
    for file in ["package.json", "package-lock.json", "Cargo.lock", "nix/pkgs.nix"] {
        said += &repo.flakepart(&["lock", "normalize", file]).to_string();
    }
    said += &repo.flakepart(&["diff", "flake.nix", "flake.lock"]).to_string();
    said += &repo.flakepart_with_input(&["analyze", "-"], "no lock").to_string();
    assert_snapshot!(said, @r#"
    exit code 2
    --- stderr ---
    error: package.json:1:33: expected a JSON number, found string "1.0.0"

    hint: package.json is taken for a lock, and is none that Nix wrote: name a flake.lock, or the folder of a flake
    exit code 2
    --- stderr ---
    error: package-lock.json: no `version`

    hint: package-lock.json is taken for a lock, and is none that Nix wrote: name a flake.lock, or the folder of a flake
    exit code 2
    --- stderr ---
    error: Cargo.lock:1:1: expected a lock (an object with `nodes`, `root` and `version`), found an array

    hint: Cargo.lock is taken for a lock, and is none that Nix wrote: name a flake.lock, or the folder of a flake
    exit code 2
    --- stderr ---
    error: nix/pkgs.nix:1:3: not valid JSON: key must be a string

    hint: nix/pkgs.nix is taken for a lock, and is none that Nix wrote: name a flake.lock, or the folder of a flake
    exit code 2
    --- stderr ---
    error: flake.nix:2:3: not valid JSON: key must be a string

    hint: flake.nix is taken for a lock, and is none that Nix wrote: name a flake.lock, or the folder of a flake
    exit code 2
    --- stderr ---
    error: standard input:1:2: not valid JSON: expected value

    hint: standard input is taken for a lock, and is none that Nix wrote: name a flake.lock, or the folder of a flake
    "#);
}

/// A lock of a folder without a flake, as devenv has one, in git or not.
#[test]
fn normalize_writes_a_lock_as_a_split_writes_files() {
    let normal = Repo::agent_boxes().read("flake.lock");
    for in_git in [true, false] {
        let repo = Repo::new(&[("README.md", "")]);
        if !in_git {
            std::fs::remove_dir_all(repo.path().join(".git")).unwrap();
        }
        repo.write("a/devenv.lock", format!("{normal}\n"));
        let lock = repo.path().join("a/devenv.lock");
        let mode = |mode| std::fs::set_permissions(&lock, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o400);
        let readonly = repo.flakepart(&["lock", "normalize", "--write", "a/devenv.lock"]);
        insta::allow_duplicates! { assert_snapshot!(readonly, @"
        exit code 2
        --- stderr ---
        error: devenv.lock is read-only; nothing was changed

        hint: `chmod u+w devenv.lock` has it written
        ") };
        mode(0o640);
        std::os::unix::fs::symlink("a/devenv.lock", repo.path().join("link")).unwrap();
        let written = repo.flakepart(&["lock", "normalize", "--write", "link"]);
        assert_eq!((written.code, written.stderr.as_str()), (Some(0), ""));
        assert_eq!(repo.read("a/devenv.lock"), normal);
        assert_eq!(lock.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        // Nothing else is left behind.
        assert_eq!(std::fs::read_dir(lock.parent().unwrap()).unwrap().count(), 1);
    }
}
