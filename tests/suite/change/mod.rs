//! Changes are applied all or nothing.

mod case;
mod faults;
mod system_calls;

use std::sync::atomic::AtomicBool;

use camino::Utf8Path;
use flakepart::change::{ChangeError, Changes, Disk, Writer};
use flakepart::tree::WorkTree;
use insta::assert_snapshot;

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

#[test]
fn a_file_that_moves_keeps_its_mode_and_git_shows_where_it_went() {
    use std::os::unix::fs::PermissionsExt as _;
    let text = "1\n2\n3\n4\n5\n6\n";
    let repo = Repo::new(&[("flake.nix", FLAKE), ("old/a.nix", text), ("b.nix", "2\n")]);
    std::fs::set_permissions(repo.path().join("old/a.nix"), std::fs::Permissions::from_mode(0o755)).unwrap();
    repo.commit();
    repo.write("b.nix", "staged\n");
    repo.git(&["add", "b.nix"]);
    let mut changes = Changes::default();
    changes.insert_moved("old/a.nix", "new/_dev/a.nix", text.into(), text.replace('3', "three").into());
    applied(&repo, &changes, false).unwrap();
    assert_snapshot!(repo.git(&["status", "--porcelain"]), @"
    M  b.nix
     R old/a.nix -> new/_dev/a.nix
    ");
    assert_snapshot!(repo.git(&["diff", "--find-renames", "--summary"]), @" rename {old => new/_dev}/a.nix (62%)");
    assert!(!repo.path().join("old").exists());
    // What is staged is what the user staged.
    assert_snapshot!(repo.git(&["diff", "--cached", "--stat"]), @"
    b.nix | 2 +-
    1 file changed, 1 insertion(+), 1 deletion(-)
    ");
}

#[test]
fn links_are_not_written_through_and_read_only_files_not_replaced() {
    let repo = repo();
    std::os::unix::fs::symlink("a.nix", repo.path().join("link.nix")).unwrap();
    std::fs::create_dir(repo.path().join("real")).unwrap();
    std::os::unix::fs::symlink("real", repo.path().join("folder")).unwrap();
    let mut read_only = std::fs::metadata(repo.path().join("b.nix")).unwrap().permissions();
    read_only.set_readonly(true);
    std::fs::set_permissions(repo.path().join("b.nix"), read_only).unwrap();
    repo.commit();
    let before = repo.state();
    let refused = |path, before| {
        let changes = changes(&[("flake.nix", Some(FLAKE), Some("{ }\n")), (path, before, Some("new\n"))]);
        applied(&repo, &changes, false).unwrap_err().to_string()
    };
    assert_snapshot!(refused("link.nix", Some("a.nix")), @"link.nix is a symbolic link, and flakepart takes only plain files here");
    assert_snapshot!(refused("folder/c.nix", None), @"folder is a symbolic link, and flakepart takes only plain files here");
    assert_snapshot!(refused("a.nix/c.nix", None), @"cannot write a.nix: not a directory; nothing was changed");
    assert_snapshot!(refused("b.nix", Some("2\n")), @"b.nix is read-only; nothing was changed");
    assert_eq!(repo.state(), before);
}

#[test]
fn a_file_that_somebody_edits_meanwhile_is_left_to_them() {
    let repo = repo();
    let changes = changes(&[("a.nix", Some("1\n"), Some("one\n")), ("b.nix", Some("2\n"), None)]);
    let tree = WorkTree::open(Utf8Path::from_path(repo.path())).unwrap();
    let ask = |name: &'static str, path: &Utf8Path| {
        // After the first file, and before the second.
        if name == "move" && path.ends_with("a.nix") {
            repo.write("b.nix", "mine\n");
        }
        Ok(())
    };
    let (writer, _) = Writer::open(&tree, Disk::failing(&ask), || {}).unwrap();
    let error = writer.apply(&changes, &AtomicBool::new(false)).unwrap_err();
    assert_eq!(error.to_string(), "b.nix changed while flakepart was at work; nothing was written");
    assert_eq!(repo.read("a.nix") + &repo.read("b.nix"), "1\nmine\n");
}
