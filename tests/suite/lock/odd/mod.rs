//! Odd and hostile locks: what the program says of each, and that Nix takes and refuses the same.

mod cases;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use flakepart::lock::Lock;
use insta::assert_snapshot;

use crate::real_nix::on_each_nix;
use crate::real_nix::world::Nix;
use crate::support::{Run, isolated};

use Does::{Die, Read, Refuse};

on_each_nix!(nix_takes_and_refuses_the_same);

fn flakepart(arguments: &[&str], input: &[u8]) -> Run {
    let mut program = isolated(env!("CARGO_BIN_EXE_flakepart"), Path::new("/"));
    program.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Exit code and first line, long ones cut.
fn told(run: &Run) -> String {
    let code = run.code.map_or("killed".to_owned(), |code| code.to_string());
    let text = if run.stderr.is_empty() { &run.stdout } else { &run.stderr };
    let line = text.lines().next().unwrap_or_default().replace("error: standard input:", "");
    let mut short: String = line.chars().take(100).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    format!("{code} {short}")
}

#[test]
fn each_is_read_or_refused_with_a_message() {
    let mut table = String::new();
    for (name, bytes) in cases::all() {
        let analyze = flakepart(&["analyze", "-"], &bytes);
        let normalize = flakepart(&["lock", "normalize", "-"], &bytes);
        for (command, run) in [("analyze", &analyze), ("normalize", &normalize)] {
            assert!(matches!(run.code, Some(0 | 2)), "{name}: {run}");
            let raw = |text: &str| text.contains(|char: char| char != '\n' && char.is_control());
            assert!(!raw(&run.stderr), "{name}: {run}");
            assert_eq!(run.code == Some(2), run.stderr.contains("\nhint: "), "{name}: {run}");
            assert!(run.stderr.len() < 1000, "{name}: {run}");
            // DEL and what is above 0x7f, JSON leaves as it is, and so does Nix.
            assert!(command == "normalize" || !raw(&run.stdout), "{name}: {run}");
        }
        writeln!(table, "{name:36} {told}", told = told(&analyze)).unwrap();
        for finding in analyze.stdout.lines().filter(|line| line.starts_with("error[")) {
            writeln!(table, "- {finding}").unwrap();
        }
        if normalize.code != analyze.code {
            writeln!(table, "{:36} {told}", "- normalize", told = told(&normalize)).unwrap();
        }
    }
    assert_snapshot!(table, @r#"
    nothing is odd                       0 standard input: 1 node, 1 input, 356 B
    empty                                2 1:1: not valid JSON: it is empty
    one newline                          2 2:1: not valid JSON: it is empty
    not JSON                             2 1:2: not valid JSON: expected value
    cut short                            2 8:1: not valid JSON: it ends too early
    conflict markers                     2 14:1: conflict markers of an unfinished merge
    a byte order mark                    0 standard input: 1 node, 1 input, 359 B
    two byte order marks                 2 1:1: not valid JSON: expected value
    CRLF                                 0 standard input: 1 node, 1 input, 372 B
    not UTF-8                            2 7:20: not valid JSON: not UTF-8
    UTF-16                               2 1:2: not valid JSON: a NUL byte, as in UTF-16 or in a file damaged by a crash
    a NUL behind it                      2 17:1: not valid JSON: a NUL byte, as in UTF-16 or in a file damaged by a crash
    a NUL in a string                    2 7:20: not valid JSON: a NUL byte, as in UTF-16 or in a file damaged by a crash
    an escaped NUL                       0 standard input: 1 node, 1 input, 352 B
    half a surrogate pair                2 7:26: not valid JSON: unexpected end of hex escape
    trailing garbage                     2 17:1: not valid JSON: trailing characters
    a second lock behind it              2 17:1: not valid JSON: trailing characters
    a comment                            2 1:1: not valid JSON: expected value
    a trailing comma                     2 16:1: not valid JSON: trailing comma
    1,000 arrays deep                    2 15:134: nested too deeply for a lock
    a million arrays deep                2 1:1: expected a lock (an object with `nodes`, `root` and `version`), found an array
    a string of 4 MB                     0 standard input: 1 node, 1 input, 4.0 MiB
    a name of 1 MB                       2 12:27: reference to missing node `gone` (input `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
    an array                             2 1:1: expected a lock (an object with `nodes`, `root` and `version`), found an array
    null                                 2 1:4: expected a lock (an object with `nodes`, `root` and `version`), found null
    an empty object                      2  no `version`
    version 4                            2 15:3: unsupported version 4
    version 8                            2 15:3: unsupported version 8
    version 7.0                          0 standard input: 1 node, 1 input, 358 B
    version 7.5                          0 standard input: 1 node, 1 input, 358 B
    version -7                           2 15:3: unsupported version -7
    version 2^64 + 7                     2 15:3: unsupported version 1.8446744073709552e+19
    version 1e400                        2 15:18: not valid JSON: number out of range
    version in quotes                    2 15:16: expected a JSON number, found string "7"
    no version                           2  no `version`
    version twice                        2 16:3: duplicate key `version`
    a node twice                         2 12:5: duplicate key `nodes/a`
    no nodes                             2 1:3: missing root node `root`
    nodes is an array                    2 1:11: expected an object of nodes, found an array
    no root                              2  missing root node
    root is not there                    2 14:3: missing root node `gone`
    root by another name                 0 standard input: 1 node, 0 inputs, 353 B, 1 unreachable
    root is a number                     2 14:11: expected a string, found integer `5`
    root with locked                     2 12:25: expected an object of attributes, found integer `5`
    root with good locked                0 standard input: 1 node, 1 input, 386 B
    a dangling edge                      2 1:26: reference to missing node `gone` (input `x` of node `a`)
    a dangling follows                   0 standard input: 1 node, 1 input, 272 B
    - error[lock-dangling]: input `a/x` follows a non-existent input `gone`
    a follows that dangles below         0 standard input: 1 node, 1 input, 276 B
    - error[lock-dangling]: input `a/x` follows a non-existent input `a/gone`
    follows in a circle                  0 standard input: 1 node, 1 input, 287 B
    - error[lock-dangling]: input `a/x` follows `a/y`, which needs itself
    - error[lock-dangling]: input `a/y` follows `a/x`, which needs itself
    a follows to itself                  0 standard input: 1 node, 1 input, 273 B
    - error[lock-dangling]: input `a/x` follows `a/x`, which needs itself
    nodes in a circle                    2 1:228: cycle of nodes (input `y` of node `b` leads back to it)
    a node in itself                     2 1:26: cycle of nodes (input `x` of node `a` leads back to it)
    the root in a node                   2 1:26: cycle to the root node (input `x` of node `a`)
    the root in itself                   2 1:29: cycle to the root node (input `x` of node `root`)
    a node under 3,000 names             0 standard input: 1 node, 3001 inputs, 40.2 KiB
    24 diamonds of follows               0 standard input: 24 nodes, 24 inputs, 5.4 KiB
    40 diamonds of follows               0 standard input: 40 nodes, 40 inputs, 9.0 KiB
    24 diamonds of nodes                 0 standard input: 24 nodes, 24 inputs, 5.3 KiB
    - normalize                          2  too many nodes once shared ones are written apart: 33554407
    40 diamonds of nodes                 0 standard input: 40 nodes, 40 inputs, 8.8 KiB
    - normalize                          2  too many nodes once shared ones are written apart: 2199023255511
    a chain of 20,000 nodes              0 standard input: 20000 nodes, 1 input, 4.0 MiB
    a node is a number                   2 3:10: expected a node (an object), found integer `5`
    a node out of reach is empty         0 standard input: 2 nodes, 1 input, 365 B, 1 unreachable
    a node out of reach is a number      2 3:10: expected a node (an object), found integer `5`
    inputs is null                       0 standard input: 1 node, 0 inputs, 348 B, 1 unreachable
    inputs is an array                   2 12:25: expected an object of inputs, found an array
    inputs is an array of arrays         2 12:25: expected an object of inputs, found an array
    an edge is a number                  2 12:32: expected the key of a node (a string) or an input path (an array of strings), found integer `…
    an edge is null                      2 12:35: expected the key of a node (a string) or an input path (an array of strings), found null
    a follows of numbers                 2 12:43: expected a string, found integer `5`
    a follows in a follows               2 12:42: expected a string, found an array
    flake is a string                    2 4:19: expected a boolean, found string "no"
    flake is null                        2 4:19: expected a boolean, found null
    parent is a string                   2 4:19: expected an array, found string "a"
    parent is gone                       0 standard input: 1 node, 1 input, 376 B
    an unknown field                     0 standard input: 1 node, 1 input, 373 B
    no locked                            2 3:5: attribute `locked` missing in node `a`
    no original                          2 3:5: attribute `original` missing in node `a`
    original is a string                 2 10:21: expected an object of attributes, found string "x"
    lastModified beyond 32 bits          0 standard input: 1 node, 1 input, 368 B
    lastModified of 64 bits              0 standard input: 1 node, 1 input, 375 B
    lastModified beyond 64 bits          0 standard input: 1 node, 1 input, 375 B
    lastModified is negative             0 standard input: 1 node, 1 input, 357 B
    lastModified is 1.5                  0 standard input: 1 node, 1 input, 358 B
    lastModified is 1e400                2 5:29: not valid JSON: number out of range
    lastModified is in quotes            0 standard input: 1 node, 1 input, 358 B
    an attribute is null                 2 5:28: attribute `locked.dir` of node `a` is neither string, number nor boolean
    an attribute is an array             2 5:28: attribute `locked.dir` of node `a` is neither string, number nor boolean
    an attribute is an object            2 5:28: attribute `locked.dir` of node `a` is neither string, number nor boolean
    an attribute twice                   2 5:40: duplicate key `nodes/a/locked/dir`
    an unknown attribute                 0 standard input: 1 node, 1 input, 373 B
    an unknown type                      0 standard input: 1 node, 1 input, 355 B
    no type                              2 3:5: attribute `locked.type` missing in node `a`
    no hash                              2 4:7: unlocked input in node `a`: neither `rev` nor `narHash`
    a hash that is none                  0 standard input: 1 node, 1 input, 309 B
    control characters in names          0 standard input: 1 node, 1 input, 328 B
    - error[lock-dangling]: input
    control characters in what is wrong  2 1:26: reference to missing node `\u{1b}]0;x\u{7}\u{85}` (input `\u{1b}[31mred\n:\u{3a}error:\u{3a}` …
    "#);
}

/// What Nix is not asked. It makes a node anew for each way to it, which is 2^25 and 2^41 here. The chain
/// took 2.8 100 s until it died, and 2.26 was stopped after 150 s.
const TOO_SLOW_FOR_NIX: [&str; 3] =
    ["24 diamonds of nodes", "40 diamonds of nodes", "a chain of 20,000 nodes"];

/// Where Nix does not do as `Lock::parse` does: the case, what 2.8 does, what 2.26 does, and why we do
/// not do the same.
#[rustfmt::skip]
const OTHERWISE: [(&str, Does, Does, &str); 18] = [
    // Read by Nix.
    ("a NUL behind it", Read, Read, "what stands behind the NUL would be lost unseen"),
    ("1,000 arrays deep", Read, Read, "no lock is; 127 levels keep the reader off the stack's end"),
    ("version twice", Read, Read, "a merge left it; which one is meant?"),
    ("an attribute twice", Read, Read, "a merge left it; which one is meant?"),
    ("no nodes", Die, Read, "2.26 takes any root that is not there for one without inputs"),
    ("root is not there", Die, Read, "2.26 takes any root that is not there for one without inputs"),
    ("no root", Die, Refuse, "2.8 aborts, which is no answer"),
    ("root with locked", Read, Read, "Nix does not look at it; a number there is damage all the same"),
    ("a node out of reach is a number", Read, Read, "Nix does not look at it; nothing could be shown of it"),
    ("inputs is an array", Read, Read, "Nix numbers its elements as names, and writes another lock"),
    ("inputs is an array of arrays", Read, Read, "Nix numbers its elements as names, and writes another lock"),
    ("nodes in a circle", Read, Read, "Nix runs out of stack once the flake uses them"),
    ("a node in itself", Read, Read, "Nix runs out of stack once the flake uses it"),
    ("parent is a string", Read, Refuse, "2.8 does not know parents"),
    // Refused by Nix: by its fetchers, of which each Nix has others.
    ("lastModified is in quotes", Refuse, Refuse, "what a fetcher takes is not the lock's form"),
    ("an unknown attribute", Refuse, Refuse, "what a fetcher takes is not the lock's form"),
    ("an unknown type", Read, Die, "what a fetcher takes is not the lock's form"),
    ("a hash that is none", Refuse, Refuse, "what a fetcher takes is not the lock's form"),
];

/// What Nix does with a lock.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Does {
    Read,
    Refuse,
    /// An abort, or no stack left.
    Die,
}

fn nix_takes_and_refuses_the_same(nix: &Nix) {
    let mut cases = cases::all();
    cases.retain(|(name, _)| !TOO_SLOW_FOR_NIX.contains(name));
    let half = cases.len().div_ceil(2);
    let otherwise: BTreeMap<&str, Does> = std::thread::scope(|scope| {
        let workers: Vec<_> = cases
            .chunks(half)
            .enumerate()
            .map(|(at, cases)| scope.spawn(move || nix_does_otherwise(nix, at, cases)))
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let expected: BTreeMap<&str, Does> = OTHERWISE
        .into_iter()
        .map(|(name, old, new, _)| (name, if nix.name() == "nix-2.8" { old } else { new }))
        .filter(|(name, does)| {
            // One of the two may do as we do.
            cases.iter().any(|(case, bytes)| case == name && we_do(bytes) != *does)
        })
        .collect();
    assert_eq!(otherwise, expected);
}

fn we_do(lock: &[u8]) -> Does {
    if Lock::parse(lock).is_ok() { Read } else { Refuse }
}

/// What a Nix does with those of these locks with which it does not do as we do.
fn nix_does_otherwise(
    nix: &Nix,
    worker: usize,
    cases: &[(&'static str, Vec<u8>)],
) -> Vec<(&'static str, Does)> {
    let folder = format!("odd-locks/{}-{worker}", nix.name());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("flake.nix"), "{ outputs = _: { x = 1; }; }\n").unwrap();
    let at = format!("path:{}#x", folder.display());
    let mut otherwise = Vec::new();
    for (name, bytes) in cases {
        std::fs::write(folder.join("flake.lock"), bytes).unwrap();
        let does = match nix.run(&folder, &["eval", "--no-write-lock-file", &at]).code {
            Some(0) => Read,
            Some(1) => Refuse,
            _ => Die,
        };
        if does != we_do(bytes) {
            otherwise.push((*name, does));
        }
    }
    otherwise
}
