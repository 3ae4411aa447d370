//! What a run leaves that is killed while it changes files, and what the next one does about it.

use std::io::{BufRead as _, BufReader, Error, Read as _};
use std::process::Stdio;
use std::sync::atomic::AtomicBool;

use camino::Utf8Path;
use flakepart::change::{Changes, Disk, Writer};
use flakepart::tree::WorkTree;
use insta::{allow_duplicates, assert_snapshot};

use crate::support::{Repo, isolated};

const FLAKE: &str = "{\n  outputs = _: { };\n}\n";
const LOCK: &str = "{\n  \"nodes\": {\n    \"root\": {}\n  },\n  \"root\": \"root\",\n  \"version\": 7\n}\n";
const NEW: &str = "{\n  outputs = _: { a = 1; };\n}\n";

fn repo() -> Repo {
    Repo::new(&[("flake.nix", FLAKE), ("a.nix", "1\n"), ("flake.lock", LOCK)])
}

/// A run that edits two files and makes one, killed before the write of this name with this number.
fn killed(repo: &Repo, name: &str, number: usize) {
    killed_in(repo, "", name, number);
}

fn killed_in(repo: &Repo, folder: &str, name: &str, number: usize) {
    let mut changes = Changes::default();
    changes.insert("a.nix", Some("1\n".into()), Some("one\n".into()));
    changes.insert("flake.nix", Some(FLAKE.into()), Some(NEW.into()));
    changes.insert("nix/b.nix", None, Some("2\n".into()));
    let tree = WorkTree::open(Utf8Path::from_path(&repo.path().join(folder))).unwrap();
    let seen = std::cell::Cell::new(0);
    let ask = |write: &'static str, _: &Utf8Path| {
        seen.set(seen.get() + usize::from(write == name));
        if seen.get() < number { Ok(()) } else { Err(Error::other("killed")) }
    };
    let (writer, _) = Writer::open(&tree, Disk::failing(&ask), || {}).unwrap();
    let _ = writer.apply(&changes, &AtomicBool::new(false));
    assert!(seen.get() >= number);
    drop(writer);
    // What another test has just begun to run holds the lock's file, too, until it is the program.
    let free = std::process::Command::new("flock").arg(tree.notes().unwrap()).arg("true").status();
    assert!(free.is_ok_and(|status| status.success()));
}

#[test]
fn half_a_change_is_put_back() {
    let repo = repo();
    let before = repo.state();
    killed(&repo, "move", 3);
    assert_eq!((repo.read("a.nix"), repo.read("flake.nix")), ("one\n".to_owned(), NEW.to_owned()));
    assert_snapshot!(repo.flakepart(&["split"]), @"
    exit code 2
    --- stderr ---
    flakepart: an earlier run was stopped half way; put back as it was: a.nix flake.nix
    error: flake.nix: this flake does not use flake-parts, and partitions are a feature of flake-parts

    hint: it would take `outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } …`
    ");
    assert_eq!(repo.state(), before);
    assert!(!repo.path().join(".git/flakepart").exists() && !repo.path().join(".git/index.lock").exists());
}

#[test]
fn another_flake_of_the_repository_puts_it_back_too() {
    let repo = repo();
    repo.write("sub/flake.nix", FLAKE);
    repo.write("sub/a.nix", "1\n");
    repo.commit();
    let before = repo.state();
    killed_in(&repo, "sub", "move", 3);
    let run = repo.flakepart(&["split"]);
    assert_snapshot!(run.stderr.lines().next().unwrap(), @"flakepart: an earlier run was stopped half way; put back as it was: sub/a.nix sub/flake.nix");
    assert_eq!(repo.state(), before);
}

#[test]
fn a_whole_change_stays() {
    let repo = repo();
    killed(&repo, "unlink", 1);
    let after = repo.state();
    assert_snapshot!(repo.flakepart(&["split"]), @"
    exit code 2
    --- stderr ---
    flakepart: an earlier run was stopped after its last change; changed for good: a.nix flake.nix nix/b.nix
    error: flake.nix: this flake does not use flake-parts, and partitions are a feature of flake-parts

    hint: it would take `outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } …`
    ");
    assert_eq!(repo.state(), after);
    assert_snapshot!(repo.git(&["status", "--porcelain"]), @"
    M a.nix
    M flake.nix
    A nix/b.nix
    ");
    assert!(!repo.path().join(".git/flakepart").exists() && !repo.path().join(".git/index.lock").exists());
}

#[test]
fn a_change_that_did_not_begin_is_forgotten() {
    let repo = repo();
    let before = repo.state();
    killed(&repo, "rename", 1);
    assert_eq!(repo.state(), before);
    assert_snapshot!(repo.flakepart(&["split"]), @"
    exit code 2
    --- stderr ---
    flakepart: an earlier run was stopped before it changed anything; its leftovers are removed
    error: flake.nix: this flake does not use flake-parts, and partitions are a feature of flake-parts

    hint: it would take `outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } …`
    ");
    assert_eq!(repo.state(), before);
    assert!(!repo.path().join(".git/flakepart").exists());
}

#[test]
fn who_only_reads_says_that_it_is_there_and_leaves_it() {
    let repo = repo();
    killed(&repo, "move", 3);
    let half = repo.state();
    assert_snapshot!(repo.flakepart(&["check"]), @"
    exit code 0
    --- stderr ---
    flakepart: an earlier run was stopped half way, after it had changed a.nix flake.nix; the next `flakepart split`, `merge` or `sync` puts that back
    flakepart: the work tree is in order
    ");
    for arguments in [&["analyze"][..], &["split", "--dry-run"], &["gate", "--max-nodes", "3"], &["why", "a"]]
    {
        let run = repo.flakepart(arguments);
        assert!(run.stderr.contains("an earlier run was stopped half way"), "{arguments:?}\n{run}");
        let run = repo.flakepart(&[&["--quiet"], arguments].concat());
        assert!(!run.stderr.contains("stopped half way"), "{arguments:?}\n{run}");
    }
    assert_eq!(repo.state(), half);
    assert!(repo.path().join(".git/flakepart/journal.json").exists());
}

#[test]
fn work_done_since_is_never_overwritten() {
    let repo = repo();
    let before = repo.state();
    killed(&repo, "move", 3);
    repo.write("a.nix", "mine\n");
    let edited = repo.state();
    assert_snapshot!(repo.flakepart(&["split"]), @"
    exit code 2
    --- stderr ---
    error: an interrupted flakepart left files half changed, and a.nix was edited since; nothing was put back

    hint: undo your edits, saving them elsewhere, and run it again; or, to keep all files as they are now, remove .git/flakepart, which holds the old ones
    ");
    assert_eq!(repo.state(), edited);
    // The first of the two ways that it names.
    repo.write("a.nix", "one\n");
    repo.flakepart(&["split"]);
    assert_eq!(repo.state(), before);
}

#[test]
fn a_file_that_was_edited_before_its_turn_came_is_kept_and_the_others_are_put_back() {
    let repo = repo();
    killed(&repo, "move", 2);
    repo.write("flake.nix", "{\n  # mine\n  outputs = _: { };\n}\n");
    let said = repo.flakepart(&["split"]).stderr;
    let recovered = said.lines().next().unwrap();
    assert_snapshot!(recovered, @"flakepart: an earlier run was stopped half way; put back as it was: a.nix");
    assert_snapshot!(repo.git(&["diff", "-U0"]), @"
    diff --git a/flake.nix b/flake.nix
    index b704624..bf0fc0e 100644
    --- a/flake.nix
    +++ b/flake.nix
    @@ -1,0 +2 @@
    +  # mine
    ");
}

#[test]
fn a_journal_that_it_does_not_understand_is_left_alone() {
    let repo = repo();
    let outside = r#"{"schema":1,"folders":["../x"],"files":[]}"#;
    for journal in ["", "{}", r#"{"schema":9,"folders":[],"files":[]}"#, outside] {
        repo.write(".git/flakepart/journal.json", journal);
        let run = repo.flakepart(&["split"]);
        allow_duplicates!(assert_snapshot!(run, @"
        exit code 2
        --- stderr ---
        error: an interrupted flakepart left .git/flakepart, which this one does not understand

        hint: run the flakepart that made it; to keep all files as they are now, remove .git/flakepart
        "));
        assert_eq!(repo.flakepart(&["check"]).code, Some(0));
        assert_eq!(repo.read(".git/flakepart/journal.json"), journal);
    }
}

#[test]
fn a_link_in_the_place_of_the_journal_is_not_followed() {
    // A folder without git may come from anybody.
    let folder = tempfile::tempdir().unwrap();
    let (flake, mine) = (folder.path().join("flake"), folder.path().join("mine"));
    std::fs::create_dir(&flake).unwrap();
    std::fs::create_dir(&mine).unwrap();
    std::fs::write(flake.join("flake.nix"), FLAKE).unwrap();
    std::fs::write(mine.join("file"), "mine").unwrap();
    std::os::unix::fs::symlink("../mine", flake.join(".flakepart")).unwrap();
    let output = isolated(env!("CARGO_BIN_EXE_flakepart"), &flake).arg("split").output().unwrap();
    assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @"
    error: an interrupted flakepart left .flakepart, which this one does not understand

    hint: run the flakepart that made it; to keep all files as they are now, remove .flakepart
    ");
    assert!(mine.join("file").exists());
}

#[test]
fn the_second_of_two_runs_waits_for_the_first() {
    let repo = repo();
    let tree = WorkTree::open(Utf8Path::from_path(repo.path())).unwrap();
    let (first, _) = Writer::open(&tree, Disk::default(), || {}).unwrap();
    let mut second = isolated(env!("CARGO_BIN_EXE_flakepart"), repo.path())
        .arg("split")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(second.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert_snapshot!(line, @"flakepart: waiting for another flakepart, which is at work on this flake");
    // It plans on what the first has made.
    let mut changes = Changes::default();
    changes.insert("flake.nix", Some(FLAKE.into()), Some("{".into()));
    first.apply(&changes, &AtomicBool::new(false)).unwrap();
    drop(first);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(2));
    assert_snapshot!(rest, @"
    error: flake.nix:1:2: syntax error: unexpected end of file

    hint: `nix-instantiate --parse FILE` shows what Nix makes of it
    ");
}
