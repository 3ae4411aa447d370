//! `flakepart update` with a stand-in for Nix; tests/suite/real_nix/update.rs has the real one.

use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;

use crate::support::{Repo, Run, isolated};

/// Runs it in a repository, where `nix flake update` is this script.
fn update(repo: &Repo, arguments: &[&str], script: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let nix = folder.path().join("nix");
    let version = "case \"$*\" in *--version*) echo 'nix (Nix) 2.26.3'; exit;; esac";
    std::fs::write(&nix, format!("#!/bin/sh\n{version}\n{script}\n")).unwrap();
    std::fs::set_permissions(&nix, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = [folder.path().to_owned()].into_iter().chain(std::env::split_paths(&path));
    // What it leaves behind there would be seen.
    let scratch = tempfile::tempdir().unwrap();
    let mut command = isolated(env!("CARGO_BIN_EXE_flakepart"), repo.path());
    command.env("PATH", std::env::join_paths(path).unwrap()).env("TMPDIR", scratch.path());
    let output = command.arg("update").args(arguments).output().unwrap();
    assert_eq!(scratch.path().read_dir().unwrap().count(), 0);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Moves an input of the lock to another revision.
const MOVE: &str = "sed -i 's/\"rev\": \"......../\"rev\": \"00000000/' flake.lock";

fn split() -> Repo {
    let repo = Repo::agent_boxes();
    assert_eq!(repo.flakepart(&["split", "--all", "--yes", "--no-verify"]).code, Some(0));
    repo.commit();
    repo
}

#[test]
fn what_came_of_it_is_told_lock_by_lock() {
    let repo = split();
    let run = update(&repo, &["dev"], MOVE);
    // The alias got the root's pin again, which did not move.
    assert_snapshot!(run, @"
    exit code 0
    --- stdout ---
    nix/dev/_inputs/flake.lock: 2 -> 2 nodes, 1.1 KiB -> 1.1 KiB

    Updated
      treefmt-nix  git+https://git.example/numtide/treefmt-nix
          3afe83745b of 2026-04-08 -> 000000005b of 2026-04-08
    --- stderr ---

    flakepart: wrote nix/dev/_inputs/flake.lock; nothing is committed
    ");
    assert_eq!(repo.git(&["status", "--porcelain"]), " M nix/dev/_inputs/flake.lock\n");
    let state = repo.state();
    assert_snapshot!(update(&repo, &["--dry-run", "--format", "markdown"], MOVE), @"
    exit code 1
    --- stdout ---
    **`flake.lock`**: 4 → 4 nodes, 2.1 KiB → 2.1 KiB

    | input | change | before | after |
    | --- | --- | --- | --- |
    | `flake-parts` | updated | `7b796e2756` 2026-02-02 | `0000000056` 2026-02-02 |
    | `import-tree` | updated | `bad72b8431` 2026-02-09 | `0000000031` 2026-02-09 |
    | `nixpkgs` | updated | `f87efc8b5a` 2026-04-06 | `000000005a` 2026-04-06 |
    | `systems` | updated | `36243fd710` 2025-11-03 | `0000000010` 2025-11-03 |

    **`nix/agents/_inputs/flake.lock`**: 13 → 13 nodes, 7.7 KiB → 7.7 KiB

    | input | change | before | after |
    | --- | --- | --- | --- |
    | `hermes-agent` | updated<br>10 updated: `flake-parts`, `nixpkgs`, `npm-lockfile-fix`, `npm-lockfile-fix/systems`, `pyproject-build-systems`, `pyproject-build-systems/pyproject-nix`, `pyproject-build-systems/uv2nix`, `pyproject-nix` and 2 more | `2f32d2ed93` 2026-03-18 | `0000000093` 2026-03-18 |
    | `pi-mono` | updated | `813b5eece3` 2026-04-01 | `00000000e3` 2026-04-01 |
    | `root-systems` | updated | `36243fd710` 2025-11-03 | `0000000010` 2025-11-03 |

    **`nix/dev/_inputs/flake.lock`**: 2 → 2 nodes, 1.1 KiB → 1.1 KiB

    | input | change | before | after |
    | --- | --- | --- | --- |
    | `root-nixpkgs` | updated | `f87efc8b5a` 2026-04-06 | `000000005a` 2026-04-06 |
    ");
    assert_eq!(repo.state(), state);
}

#[test]
fn a_signal_while_nix_runs_leaves_everything_as_it_was() {
    let repo = split();
    let state = repo.state();
    let run = update(&repo, &[], &format!("{MOVE}; kill -INT $PPID; exit 0"));
    assert_eq!(repo.state(), state);
    assert_snapshot!(run, @"
    exit code 3
    --- stderr ---
    error: interrupted; nothing was changed
    ");
}

#[test]
fn when_nix_fails_its_words_are_told_without_secrets_and_commands() {
    let repo = split();
    let state = repo.state();
    let script = format!(
        "{MOVE}; printf 'error:\\n … while fetching the input https://me:secret@git.example/it\\n\\n error: no \\033[31mway\\033[0m to https://me:secret@git.example \\a\\n' >&2; exit 1"
    );
    let run = update(&repo, &[], &script);
    assert_eq!(repo.state(), state);
    assert_snapshot!(run, @"
    exit code 3
    --- stderr ---
    error: nix cannot update flake.lock: no way to https://git.example (while fetching the input https://git.example/it)
    ");
    // Not even where only the last one fails.
    let run = update(&repo, &[], &format!("{MOVE}; case $PWD in */dev/_inputs) exit 1;; esac"));
    assert_eq!((run.code, repo.state()), (Some(3), state));
}

#[test]
fn what_it_cannot_update_is_named() {
    assert_snapshot!(update(&split(), &["dve"], MOVE), @"
    exit code 2
    --- stderr ---
    error: there is no partition `dve`

    hint: did you mean `dev`?
    ");
    assert_snapshot!(update(&Repo::agent_boxes(), &["dev"], MOVE), @"
    exit code 2
    --- stderr ---
    error: there is no partition `dev`

    hint: this flake has no partitions
    ");
    let repo = split();
    repo.replace("nix/agents/partition.nix", "./_inputs", "(./. + \"/_inputs\")");
    repo.commit();
    assert_snapshot!(update(&repo, &["agents"], MOVE), @"
    exit code 2
    --- stderr ---
    error: nix/agents/partition.nix:10: the partition's `extraInputsFlake` is no path that flakepart can read

    hint: write it as a path, such as `extraInputsFlake = ./dev`
    ");
    assert_snapshot!(update(&repo, &[], "exit 0").stderr, @"
    flakepart: partition agents is left out: its folder is not to be seen
    flakepart: all locks are up to date
    ");
}
