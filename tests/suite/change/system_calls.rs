//! The program itself, stopped at every system call with which it, or the git that it runs, writes.
//!
//! strace tells which those are, and ends them otherwise. The tests beside this one do so from within; this
//! one would see a write that does not go through the disk of `change/`.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;

use flakepart::change::Changes;

use super::case::Case;
use crate::support::{copy, isolated, skipped};

const WRITES: &str = "openat,creat,write,pwrite64,ftruncate,rename,renameat,renameat2,link,linkat,symlink,\
                      unlink,unlinkat,mkdir,mkdirat,rmdir,chmod,fchmod,fchmodat,chown,fchown,fchownat,fsync,\
                      fdatasync,utimensat";

const SPLIT: [&str; 3] = ["split", "--yes", "--no-verify"];

/// Who is traced.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Program {
    Flakepart,
    Git,
}

/// One system call: how often it was called before, itself included.
struct Call {
    program: Program,
    name: String,
    number: usize,
}

/// The fixture of the splits.
fn case() -> Case {
    let case = Case::new(&[], Changes::default());
    copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/agent-boxes")), &case.tree());
    case.committed()
}

impl Case {
    /// Runs a split with one program under strace.
    fn traced(&self, program: Program, arguments: &[&str]) -> Output {
        let flakepart = env!("CARGO_BIN_EXE_flakepart");
        let strace = [&["strace", "-qq", "-o"], arguments].concat();
        let mut command;
        if program == Program::Flakepart {
            command = isolated(strace[0], &self.tree());
            command.args(&strace[1..]).arg(flakepart);
        } else {
            // A git that is found first.
            let bin = self.tree().with_file_name("bin");
            std::fs::create_dir_all(&bin).unwrap();
            let path = std::env::var("PATH").unwrap();
            let script = format!("#!/bin/sh\nPATH={path:?}\nexec {} git \"$@\"\n", strace.join(" "));
            std::fs::write(bin.join("git"), script).unwrap();
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(bin.join("git"), mode).unwrap();
            command = isolated(flakepart, &self.tree());
            command.env("PATH", format!("{}:{path}", bin.display()));
        }
        command.args(SPLIT).output().unwrap()
    }

    /// The calls of a program that write into the tree.
    fn calls(&self, program: Program) -> Vec<Call> {
        let log = self.tree().with_file_name("log");
        let trace = format!("trace={WRITES}");
        let output = self.traced(program, &[log.to_str().unwrap(), "-e", &trace]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let log = std::fs::read_to_string(log).unwrap();
        let mut all: Vec<(&str, &str)> = log.lines().filter_map(|line| line.split_once('(')).collect();
        if program == Program::Flakepart {
            let last = all.iter().rposition(|(name, _)| *name == "rmdir").unwrap();
            all.truncate(last + 1);
        }
        let mut calls = Vec::new();
        for (at, (name, arguments)) in all.iter().enumerate() {
            let number = all[..=at].iter().filter(|(other, _)| other == name).count();
            if *name != "openat" || arguments.contains("O_CREAT") {
                calls.push(Call { program, name: (*name).to_owned(), number });
            }
        }
        calls
    }
}

#[test]
fn the_program_is_stopped_at_any_system_call_that_writes() {
    let works = Command::new("strace").args(["-o", "/dev/null", "true"]).status();
    if !works.is_ok_and(|status| status.success()) {
        return skipped("no strace on this machine, or none that may trace (tests/run gets it)");
    }
    let case = case();
    case.keep();
    let mut calls = case.calls(Program::Flakepart);
    case.reset();
    calls.extend(case.calls(Program::Git));
    let mut points = Vec::new();
    for how in ["signal=KILL", "error=ENOSPC", "error=EACCES"] {
        points.extend(calls.iter().map(|call| (call, how)));
    }
    assert!(points.len() >= 200, "{} points", points.len());
    let points = Mutex::new(points);
    std::thread::scope(|scope| {
        let threads = [scope.spawn(|| survives(&points)), scope.spawn(|| survives(&points))];
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Takes points until none is left.
fn survives(points: &Mutex<Vec<(&Call, &str)>>) {
    let case = case();
    let before = case.keep();
    let next = || isolated(env!("CARGO_BIN_EXE_flakepart"), &case.tree()).arg("split").output().unwrap();
    let whole = isolated(env!("CARGO_BIN_EXE_flakepart"), &case.tree()).args(SPLIT).output().unwrap();
    assert!(whole.status.success());
    let (after, status) = (case.state(), case.status());
    loop {
        let Some((call, how)) = points.lock().unwrap().pop() else { return };
        let Call { program, name, number } = call;
        let point = format!("{program:?}, {name} {number}, {how}");
        case.reset();
        let (trace, inject) = (format!("trace={name}"), format!("inject={name}:when={number}:{how}"));
        let output = case.traced(*program, &["/dev/null", "-e", &trace, "-e", &inject]);
        let is_killed = output.status.code().is_none();
        assert_eq!(is_killed, *program == Program::Flakepart && how == "signal=KILL", "{point}");
        // Who lives puts everything back at once.
        assert!(is_killed || output.status.success() || case.state() == before, "{point}: not as before");
        // Nobody is there to be asked: it only puts back what is left.
        let said = String::from_utf8(next().stderr).unwrap();
        let state = case.state();
        if output.status.success() || state != before {
            assert!(state.files == after.files, "{point}: neither as before nor as after\n{said}");
            assert_eq!(case.status(), status, "{point}\n{said}");
        }
    }
}
