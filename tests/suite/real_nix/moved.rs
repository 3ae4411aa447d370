//! Files that a change has moved or removed, and git was told of: Nix sees what is there.

use std::sync::atomic::AtomicBool;

use camino::Utf8Path;
use flakepart::change::{Changes, Disk, Writer};
use flakepart::tree::WorkTree;

use super::on_each_nix;
use super::world::Nix;
use crate::support::Repo;

on_each_nix!(reads_a_file_where_it_went, passes_over_a_file_that_went);

const OLD: &str = "{ outputs = _: { x = import ./old/a.nix; }; }\n";
const NEW: &str = "{ outputs = _: { x = import ./new/a.nix + toString (builtins.pathExists ./old); }; }\n";

fn changed(repo: &Repo, change: impl FnOnce(&mut Changes)) {
    let tree = WorkTree::open(Utf8Path::from_path(repo.path())).unwrap();
    let mut changes = Changes::default();
    change(&mut changes);
    let (writer, _) = Writer::open(&tree, Disk::default(), || {}).unwrap();
    writer.apply(&changes, &AtomicBool::new(false)).unwrap();
}

fn reads_a_file_where_it_went(nix: &Nix) {
    let repo = Repo::new(&[("flake.nix", OLD), ("old/a.nix", "\"a\"\n")]);
    assert_eq!(nix.ask(repo.path(), &["eval", "--raw", ".#x"]), "a");
    changed(&repo, |changes| {
        changes.insert("flake.nix", Some(OLD.into()), Some(NEW.into()));
        changes.insert_moved("old/a.nix", "new/a.nix", "\"a\"\n".into(), "\"b\"\n".into());
    });
    // The old file is still in the index, and not in the tree; the new one is in the index without content.
    assert_eq!(repo.git(&["ls-files"]), "flake.nix\nnew/a.nix\nold/a.nix\n");
    assert_eq!(nix.ask(repo.path(), &["eval", "--raw", ".#x"]), "b");
}

fn passes_over_a_file_that_went(nix: &Nix) {
    let repo = Repo::new(&[("flake.nix", NEW)]);
    repo.write("new/a.nix", "\"a\"\n");
    repo.write("old/b.nix", "\"b\"\n");
    repo.git(&["add", "-N", "."]);
    assert_eq!(nix.ask(repo.path(), &["eval", "--raw", ".#x"]), "a1");
    changed(&repo, |changes| changes.insert("old/b.nix", Some("\"b\"\n".into()), None));
    assert_eq!(nix.ask(repo.path(), &["eval", "--raw", ".#x"]), "a");
    assert_eq!(repo.git(&["status", "--porcelain"]), " A new/a.nix\n");
}
