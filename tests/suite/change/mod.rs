//! Changes are applied all or nothing.

mod case;
mod faults;
mod system_calls;

use std::sync::atomic::AtomicBool;

use camino::Utf8Path;
use flakepart::change::{ChangeError, Changes, Disk, Writer};
use flakepart::tree::WorkTree;

use crate::support::Repo;

const FLAKE: &str = "{ outputs = _: { }; }\n";

fn repo() -> Repo {
    Repo::new(&[("flake.nix", FLAKE), ("a.nix", "1\n"), ("b.nix", "2\n")])
}

/// `(path, before, after)`, `None` where there is no such file.
fn changes(all: &[(&str, Option<&str>, Option<&str>)]) -> Changes {
    let mut changes = Changes::default();
    let bytes = |text: &Option<&str>| text.map(|text| text.as_bytes().to_vec());
    for (path, before, after) in all {
        changes.insert(*path, bytes(before), bytes(after));
    }
    changes
}

fn applied(repo: &Repo, changes: &Changes, interrupted: bool) -> Result<(), ChangeError> {
    let tree = WorkTree::open(Some(Utf8Path::from_path(repo.path()).unwrap())).unwrap();
    let (writer, _) = Writer::open(&tree, Disk::default(), || {})?;
    writer.apply(changes, &AtomicBool::new(interrupted))
}

#[test]
fn files_are_edited_made_and_removed() {
    let repo = repo();
    let changes = changes(&[
        ("a.nix", Some("1\n"), Some("one\n")),
        ("b.nix", Some("2\n"), None),
        ("deep/er/c.nix", None, Some("3\n")),
    ]);
    applied(&repo, &changes, false).unwrap();
    assert_eq!(repo.git(&["status", "--porcelain"]), " M a.nix\n D b.nix\n A deep/er/c.nix\n");
    assert_eq!(repo.read("a.nix") + &repo.read("deep/er/c.nix"), "one\n3\n");
}

#[test]
fn a_file_that_changed_since_the_plan_was_made_stops_it() {
    let repo = repo();
    let before = repo.state();
    let changes =
        changes(&[("a.nix", Some("1\n"), Some("one\n")), ("b.nix", Some("other\n"), Some("two\n"))]);
    let error = applied(&repo, &changes, false).unwrap_err();
    assert_eq!(error.to_string(), "b.nix changed while flakepart was at work; nothing was written");
    assert_eq!(repo.state(), before);
}

#[test]
fn what_was_written_is_put_back_when_interrupted() {
    let repo = repo();
    let before = repo.state();
    let changes = changes(&[
        ("a.nix", Some("1\n"), Some("one\n")),
        ("b.nix", Some("2\n"), None),
        ("deep/er/c.nix", None, Some("3\n")),
    ]);
    let error = applied(&repo, &changes, true).unwrap_err();
    assert_eq!(error.to_string(), "interrupted; nothing was changed");
    assert_eq!(repo.state(), before);
    assert!(!repo.path().join("deep").exists());
}

#[test]
fn what_was_written_is_put_back_when_git_cannot_be_told() {
    let repo = repo();
    let before = repo.state();
    // Somebody else holds the index.
    repo.write(".git/index.lock", "");
    let changes = changes(&[("a.nix", Some("1\n"), Some("one\n")), ("c.nix", None, Some("3\n"))]);
    let error = applied(&repo, &changes, false).unwrap_err();
    std::fs::remove_file(repo.path().join(".git/index.lock")).unwrap();
    assert_eq!(error.to_string(), "git's index is locked by .git/index.lock; nothing was changed");
    assert_eq!(repo.state(), before);
}

#[test]
fn a_path_that_leaves_the_flake_is_refused() {
    let repo = repo();
    for path in ["../x.nix", "/tmp/x.nix", "a/../../x.nix"] {
        let error = applied(&repo, &changes(&[(path, None, Some("3\n"))]), false).unwrap_err();
        assert!(matches!(error, ChangeError::Leaves { .. }), "{error}");
    }
}

#[test]
fn a_file_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    let repo = repo();
    let path = repo.path().join("a.nix");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    repo.commit();
    applied(&repo, &changes(&[("a.nix", Some("1\n"), Some("one\n"))]), false).unwrap();
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o755);
}
