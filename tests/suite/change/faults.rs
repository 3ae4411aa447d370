//! A change that is stopped at any of its writes: the tree is as before or as after.
//!
//! Every write of `change/` goes through its disk, which these tests let fail at the first write, at the
//! second, and so on to the last.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{Error, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};

use camino::Utf8Path;
use flakepart::change::{ChangeError, Disk, Recovered, Writer};
use flakepart::tree::WorkTree;
use insta::assert_snapshot;

use super::case::Case;
use super::{FLAKE, changes};

/// How a write fails.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// The process is killed: neither this write nor any other happens.
    Killed,
    /// The disk is full: nothing that takes room succeeds from here on.
    Full,
    /// This one is not allowed.
    Denied,
    /// The user presses Ctrl-C.
    Interrupted,
}

const FAULTS: [Fault; 4] = [Fault::Killed, Fault::Full, Fault::Denied, Fault::Interrupted];

/// Lets the write with this number fail, and lists all.
struct Writes {
    at: usize,
    fault: Option<Fault>,
    /// Whether git's folder lies on another file system than the tree.
    is_far: bool,
    seen: RefCell<Vec<&'static str>>,
    interrupted: AtomicBool,
}

impl Writes {
    fn new(at: usize, fault: Option<Fault>, is_far: bool) -> Writes {
        Writes { at, fault, is_far, seen: RefCell::default(), interrupted: AtomicBool::new(false) }
    }

    fn ask(&self, name: &'static str, path: &Utf8Path) -> std::io::Result<()> {
        let number = self.seen.borrow().len();
        self.seen.borrow_mut().push(name);
        if self.fault == Some(Fault::Interrupted) && number == self.at {
            self.interrupted.store(true, Ordering::Relaxed);
        }
        let error = match self.fault {
            Some(Fault::Killed) if number >= self.at => Error::other("killed"),
            Some(Fault::Full)
                if number >= self.at && !["move", "rename", "unlink", "rmdir", "fsync"].contains(&name) =>
            {
                ErrorKind::StorageFull.into()
            }
            Some(Fault::Denied) if number == self.at => ErrorKind::PermissionDenied.into(),
            _ if self.is_far && crosses(name, path) => ErrorKind::CrossesDevices.into(),
            _ => return Ok(()),
        };
        Err(error)
    }
}

/// Whether a file leaves git's folder, or comes into it.
fn crosses(name: &str, path: &Utf8Path) -> bool {
    match name {
        "move" => path.file_name() != Some("index"),
        "link" => path.extension() == Some("old"),
        _ => false,
    }
}

impl Case {
    fn open(&self) -> WorkTree {
        WorkTree::open(Some(Utf8Path::from_path(&self.tree().join(self.flake)).unwrap())).unwrap()
    }

    fn writes(&self, at: usize, fault: Option<Fault>) -> Writes {
        Writes::new(at, fault, self.is_far)
    }

    fn apply(&self, writes: &Writes) -> Result<(), ChangeError> {
        let tree = self.open();
        let ask = |name, path: &_| writes.ask(name, path);
        let (writer, _) = Writer::open(&tree, Disk::failing(&ask), || {})?;
        writer.apply(&self.changes, &writes.interrupted)
    }

    fn recover(&self, writes: &Writes) -> Result<Option<Recovered>, ChangeError> {
        let tree = self.open();
        let ask = |name, path: &_| writes.ask(name, path);
        Writer::open(&tree, Disk::failing(&ask), || {}).map(|(_, found)| found)
    }

    /// Lets every write fail in every way; tells of the writes and what came of it.
    fn survives(&self) -> String {
        let before = self.keep();
        let writes = self.writes(0, None);
        self.apply(&writes).unwrap();
        let (after, status) = (self.state(), self.status());
        let all = writes.seen.into_inner();
        let mut report = all.join(" ") + "\n";
        for fault in FAULTS {
            let (mut undone, mut finished) = (0, 0);
            for (at, write) in all.iter().enumerate() {
                let point = format!("{fault:?} at {at}, {write}");
                self.reset();
                let result = self.apply(&self.writes(at, Some(fault)));
                if let Err(error) = &result
                    && fault != Fault::Killed
                {
                    // Who lives puts everything back at once. Only between two file systems that takes room.
                    let is_stranded = matches!(error, ChangeError::Stranded { .. });
                    assert!(!is_stranded || fault == Fault::Full && self.is_far, "{point}: {error}");
                    assert!(is_stranded || self.state() == before, "{point}: not as before");
                }
                self.recover(&self.writes(0, None)).unwrap();
                let state = self.state();
                if state == before {
                    assert!(result.is_err(), "{point}: success, and undone");
                    undone += 1;
                    continue;
                }
                assert_eq!(self.status(), status, "{point}: git sees something else");
                if fault == Fault::Denied && *write == "rmdir" {
                    assert!(
                        state.without_folders().files == after.clone().without_folders().files,
                        "{point}"
                    );
                } else {
                    assert!(state.files == after.files, "{point}: neither as before nor as after");
                }
                finished += 1;
            }
            writeln!(report, "{fault:?}: {undone} as before, {finished} as after").unwrap();
        }
        report
    }
}

/// A plan like that of a split, and a user with things staged.
fn split() -> Case {
    let case = Case::new(
        &[("flake.nix", FLAKE), ("flake.lock", "old\r\n"), ("nix/a.nix", "1\n"), ("nix/b.nix", "2\n")],
        changes(&[
            ("flake.lock", Some("old\r\n"), Some("new\r\n")),
            ("flake.nix", Some(FLAKE), Some("{ outputs = _: { a = 1; }; }\n")),
            ("nix/dev/_inputs/flake.lock", None, Some("nested\n")),
            ("nix/dev/_inputs/flake.nix", None, Some("{ }\n")),
            ("nix/dev/partition.nix", None, Some("{ }\n")),
        ]),
    )
    .committed();
    case.write("nix/a.nix", "staged\n");
    case.git("", &["add", "nix/a.nix"]);
    case.write("nix/a.nix", "and edited\n");
    case.write("notes.txt", "untracked\n");
    case
}

#[test]
fn while_files_are_edited_and_made() {
    assert_snapshot!(split().survives(), @"
    mkdir link open write fsync link open write fsync open write fsync open write fsync open write fsync open write fsync rename fsync fsync open write fsync link mkdir mkdir move move move move move fsync fsync fsync fsync link git fsync move fsync unlink unlink unlink unlink unlink rmdir
    Killed: 43 as before, 7 as after
    Full: 41 as before, 9 as after
    Denied: 39 as before, 11 as after
    Interrupted: 42 as before, 8 as after
    ");
}

#[test]
fn while_files_move_and_go() {
    let mut changes = changes(&[
        ("flake.nix", Some(FLAKE), Some("{ outputs = _: { a = 1; }; }\n")),
        ("old/gone.nix", Some("gone\n"), None),
    ]);
    changes.insert_moved(
        "old/tool.nix",
        "nix/_dev/tool.nix",
        b"#! tool\n1\n2\n3\n".into(),
        b"#! tool\n1\n2\n4\n".into(),
    );
    let case = Case::new(
        &[
            ("flake.nix", FLAKE),
            ("old/gone.nix", "gone\n"),
            ("old/tool.nix", "#! tool\n1\n2\n3\n"),
            ("b.nix", "2\n"),
        ],
        changes,
    );
    std::os::unix::fs::symlink("../b.nix", case.tree().join("link.nix")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(case.tree().join("old/tool.nix"), mode).unwrap();
    assert_snapshot!(case.committed().survives(), @"
    mkdir link open write fsync open write chmod fsync open write fsync rename fsync fsync open write fsync link mkdir mkdir move move move move fsync fsync fsync fsync link git fsync move fsync unlink rmdir unlink unlink unlink unlink unlink rmdir
    Killed: 33 as before, 9 as after
    Full: 31 as before, 11 as after
    Denied: 30 as before, 12 as after
    Interrupted: 32 as before, 10 as after
    ");
}

#[test]
fn while_files_go_that_git_was_only_told_of() {
    let case = Case::new(
        &[("flake.nix", "{ outputs = _: { a = 1; }; }\n")],
        changes(&[
            ("flake.nix", Some("{ outputs = _: { a = 1; }; }\n"), Some(FLAKE)),
            ("nix/dev/partition.nix", Some("{ }\n"), None),
        ]),
    )
    .committed();
    case.write("nix/dev/partition.nix", "{ }\n");
    case.git("", &["add", "-N", "nix/dev/partition.nix"]);
    assert_snapshot!(case.survives(), @"
    mkdir link open write fsync open write fsync rename fsync fsync open write fsync link move move fsync fsync link git fsync move fsync unlink rmdir rmdir unlink unlink unlink unlink rmdir
    Killed: 23 as before, 9 as after
    Full: 21 as before, 11 as after
    Denied: 20 as before, 12 as after
    Interrupted: 22 as before, 10 as after
    ");
}

#[test]
fn where_git_keeps_its_folder_on_another_file_system() {
    let mut case = split();
    case.is_far = true;
    assert_snapshot!(case.survives(), @"
    mkdir link open write fsync utimens open write fsync link open write fsync utimens open write fsync open write fsync open write fsync open write fsync open write fsync rename fsync fsync open write fsync link mkdir mkdir move open write fsync rename unlink move open write fsync rename unlink move open write fsync rename unlink move open write fsync rename unlink move open write fsync rename unlink fsync fsync fsync fsync link git fsync move fsync unlink unlink unlink unlink unlink rmdir
    Killed: 76 as before, 7 as after
    Full: 74 as before, 9 as after
    Denied: 72 as before, 11 as after
    Interrupted: 75 as before, 8 as after
    ");
}

#[test]
fn where_there_is_no_git() {
    let changes = changes(&[
        ("a.nix", Some("1\n"), Some("one\n")),
        ("b.nix", Some("2\n"), None),
        ("deep/er/c.nix", None, Some("3\n")),
    ]);
    let case = Case::new(&[("flake.nix", FLAKE), ("a.nix", "1\n"), ("b.nix", "2\n")], changes);
    assert_snapshot!(case.survives(), @"
    mkdir link open write fsync open write fsync open write fsync rename fsync fsync mkdir mkdir move move move fsync fsync fsync unlink unlink unlink rmdir
    Killed: 19 as before, 7 as after
    Full: 16 as before, 10 as after
    Denied: 21 as before, 5 as after
    Interrupted: 22 as before, 4 as after
    ");
}

#[test]
fn in_a_work_tree_beside_the_repository() {
    let changes = changes(&[("a.nix", Some("1\n"), Some("one\n")), ("deep/c.nix", None, Some("3\n"))]);
    let mut case =
        Case::new(&[("flake.nix", FLAKE), ("a.nix", "1\n"), (".gitignore", "beside\n")], changes).committed();
    case.git("", &["worktree", "add", "-q", "beside"]);
    case.flake = "beside";
    assert_snapshot!(case.survives(), @"
    mkdir link open write fsync open write fsync open write fsync rename fsync fsync open write fsync link mkdir move move fsync fsync link git fsync move fsync unlink unlink unlink unlink rmdir
    Killed: 27 as before, 6 as after
    Full: 25 as before, 8 as after
    Denied: 24 as before, 9 as after
    Interrupted: 26 as before, 7 as after
    ");
}

#[test]
fn when_what_puts_it_right_is_killed_too() {
    let case = split();
    let before = case.keep();
    let writes = case.writes(0, None);
    case.apply(&writes).unwrap();
    let after = case.state();
    let all = writes.seen.into_inner();
    // Before the first visible write there is nothing to undo but the journal.
    let first = all.iter().rposition(|write| *write == "mkdir").unwrap();
    let mut points = 0;
    for killed in first..all.len() {
        for again in 0.. {
            case.reset();
            let _ = case.apply(&case.writes(killed, Some(Fault::Killed)));
            let recovered = case.recover(&case.writes(again, Some(Fault::Killed))).is_ok();
            case.recover(&case.writes(0, None)).unwrap();
            let state = case.state();
            assert!(
                state == before || state.files == after.files,
                "killed at {killed}, and again at {again}"
            );
            if recovered {
                break;
            }
            points += 1;
        }
    }
    assert_snapshot!(points, @"223");
}
