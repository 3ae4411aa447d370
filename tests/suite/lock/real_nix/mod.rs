//! Locks that real Nix writes, of random flakes: the same bytes are made from them, and a cut made
//! without Nix is one that Nix leaves as it is.

mod flakes;
mod random;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use flakepart::lock::{Edge, Graph, Lock};

use self::flakes::Declarations;
use self::random::{World, write};
use crate::real_nix::on_each_nix;
use crate::real_nix::world::Nix;
use crate::support::{Run, isolated};

on_each_nix!(locks_of_random_flakes_are_written_and_cut_as_nix_does_it);

/// They take a quarter of a minute.
const SEEDS: std::ops::Range<u64> = 0..24;

fn locks_of_random_flakes_are_written_and_cut_as_nix_does_it(nix: &Nix) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("locks-of-real-nix").join(nix.name());
    let mut found = Found::default();
    for seed in SEEDS {
        let folder = folder.join(seed.to_string());
        let one = AssertUnwindSafe(|| one(nix, seed, &folder, &mut found));
        catch_unwind(one).unwrap_or_else(|_| panic!("seed {seed}: {}", folder.display()));
    }
    found.is_enough(nix);
}

fn one(nix: &Nix, seed: u64, folder: &Path, found: &mut Found) {
    let mut world = World::new(seed, folder, nix.name() != "nix-2.8");
    write(&world.folder, &world.root);
    if let Err(message) = lock(nix, &world.folder) {
        assert!(message.contains("non-existent input"), "{message}");
        found.refused += 1;
        return;
    }
    let bytes = fs::read(world.folder.join("flake.lock")).unwrap();
    fs::write(world.locked(), &bytes).unwrap();
    // Nix 2.8 fetches inputs with a URL from further up anew each time, and then forgets what the
    // flake between has said of their inputs: of such a lock, not even its own does it keep.
    lock(nix, &world.folder).unwrap();
    world.keeps = fs::read(world.folder.join("flake.lock")).unwrap() == bytes;
    assert!(world.keeps || nix.name() == "nix-2.8");
    found.not_kept += usize::from(!world.keeps);
    found.see(&is_reproduced(&bytes), &String::from_utf8(bytes).unwrap());
    for names in &world.moves {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        prune(nix, &world, &names, found);
        extract(nix, &world, &names, found);
    }
}

/// Locks a flake; gives what Nix says where it refuses.
fn lock(nix: &Nix, folder: &Path) -> Result<(), String> {
    let run = nix.run(folder, &["flake", "lock", &format!("path:{}", folder.display())]);
    if run.code == Some(0) { Ok(()) } else { Err(run.stderr) }
}

/// A lock by Nix is read, and comes out again in both ways of writing it.
fn is_reproduced(bytes: &[u8]) -> Lock {
    let text = String::from_utf8_lossy(bytes);
    let lock = Lock::parse(bytes).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(String::from_utf8_lossy(&lock.normal().unwrap().to_bytes()), text);
    assert_eq!(String::from_utf8_lossy(&lock.to_bytes()), text);
    let graph = Graph::new(&lock);
    assert_eq!(graph.unresolved(), [], "{text}");
    assert_eq!(graph.unreachable(), [""; 0], "{text}");
    lock
}

/// Runs `flakepart lock` on the lock of a flake.
fn flakepart(world: &World, command: &str, names: &[&str], aliases: &BTreeMap<String, String>) -> Run {
    let mut program = isolated(env!("CARGO_BIN_EXE_flakepart"), &world.folder);
    program.args(["lock", command, world.locked().to_str().unwrap()]);
    program.args(names.iter().map(|name| format!("--input={name}")));
    program.args(aliases.iter().map(|(from, to)| format!("--alias={from}={to}")));
    let output = program.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Nix leaves the lock without these inputs as it is, and would write it itself. Where it is refused
/// because another input follows one of these, Nix refuses to make it.
fn prune(nix: &Nix, world: &World, names: &[&str], found: &mut Found) {
    let run = flakepart(world, "prune", names, &BTreeMap::new());
    let left = world.root.without(names);
    if run.code == Some(0) {
        is_what_nix_wants(nix, world, &left, &run.stdout);
        found.pruned += 1;
        return;
    }
    assert!(run.code == Some(2) && run.stderr.contains("which would go"), "{run}");
    write(&world.folder, &left);
    let _ = fs::remove_file(world.folder.join("flake.lock"));
    let refused = lock(nix, &world.folder);
    assert!(matches!(&refused, Err(message) if message.contains("non-existent input")), "{refused:?}\n{run}");
    found.not_pruned += 1;
}

/// Nix leaves the nested lock as it is, and would write it itself.
fn extract(nix: &Nix, world: &World, names: &[&str], found: &mut Found) {
    let bytes = fs::read(world.locked()).unwrap();
    let leaving = Lock::parse(&bytes).unwrap().follows_leaving(names);
    let aliases: BTreeMap<String, String> =
        leaving.into_keys().map(|name| (name.clone(), format!("root-{name}"))).collect();
    let run = flakepart(world, "extract", names, &aliases);
    if run.code == Some(0) {
        is_what_nix_wants(nix, world, &world.root.nested(names, &aliases), &run.stdout);
        found.extracted += 1;
        found.aliases += aliases.len();
        return;
    }
    // Of a path relative to an input, only Nix >= 2.26 writes to which.
    assert!(run.code == Some(2) && run.stderr.contains("relative to the root flake"), "{run}");
    let taken = names.iter().copied().chain(aliases.keys().map(String::as_str));
    let relative = |name: &str| world.root.0[name].is_relative();
    assert!(nix.name() == "nix-2.8" || taken.into_iter().any(relative), "{run}");
    found.not_extracted += 1;
}

fn is_what_nix_wants(nix: &Nix, world: &World, declared: &Declarations, text: &str) {
    let folder = &world.folder;
    let file = folder.join("flake.lock");
    write(folder, declared);
    let context = || format!("{}\n{text}", declared.text());
    fs::write(&file, text).unwrap();
    is_reproduced(text.as_bytes());
    if world.keeps {
        lock(nix, folder).unwrap_or_else(|message| panic!("{message}\n{}", context()));
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "kept\n{}", context());
    }
    fs::remove_file(&file).unwrap();
    lock(nix, folder).unwrap_or_else(|message| panic!("{message}\n{}", context()));
    // Without any input, Nix 2.8 writes a lock, 2.26 none.
    if let Ok(made) = fs::read_to_string(&file) {
        assert_eq!(made, text, "made\n{}", context());
    } else {
        assert!(declared.0.is_empty(), "{}", context());
    }
}

/// What the random flakes came to: a generator that no longer makes something must not go unseen.
#[derive(Debug, Default)]
struct Found {
    refused: usize,
    not_kept: usize,
    pruned: usize,
    not_pruned: usize,
    extracted: usize,
    not_extracted: usize,
    aliases: usize,
    /// By the length of the path.
    follows: BTreeMap<usize, usize>,
    suffixed: usize,
    texts: String,
}

impl Found {
    fn see(&mut self, lock: &Lock, text: &str) {
        for node in lock.nodes.values() {
            for (name, edge) in node.inputs.iter() {
                match edge {
                    Edge::Follows(path) => *self.follows.entry(path.len()).or_default() += 1,
                    Edge::Node(key) => self.suffixed += usize::from(key != name),
                }
            }
        }
        writeln!(self.texts, "{text}").unwrap();
    }

    fn is_enough(&self, nix: &Nix) {
        let has = |text: &str| self.texts.contains(text);
        for part in ["\"flake\": false", "\"dir\": \"", "\"type\": \"git\"", "\"path\": \"./sub", "root_2"] {
            assert!(has(part), "{part}");
        }
        for escaped in ["\\\"uo\\\\", "\\t", "\\u0001\\b\\f\u{7f}", "ü", "日本"] {
            assert!(has(escaped), "{escaped}");
        }
        assert_eq!(has("\"parent\": ["), nix.name() != "nix-2.8");
        for length in 0..=3 {
            assert!(self.follows.contains_key(&length), "{self:?}");
        }
        let cut = self.pruned.min(self.not_pruned).min(self.extracted).min(self.not_extracted);
        assert!(cut > 0 && self.aliases > 0 && self.suffixed > 0, "{self:?}");
        assert!((self.refused + self.not_kept) * 3 < SEEDS.end as usize, "{self:?}");
    }
}
