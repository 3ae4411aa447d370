//! How fast and how large commands are, as whole processes, beside a program that reads the same: `jq` for
//! locks, `deadnix` for Nix code, `git` for what is committed and staged, `nix eval` for proofs. Prints the tables
//! of docs/BENCHMARKS.md; slowness is no failure here.
//!
//! `tests/bench` runs it; `tests/bench --brief` with few rounds on small ones.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the tables are what this program is for")]

mod history;
mod lock;
mod measure;
mod tree;
mod verify;

use std::path::{Path, PathBuf};

use measure::{Contender, table};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const FLAKEPART: &str = env!("CARGO_BIN_EXE_flakepart");

fn main() -> Result<()> {
    let brief = std::env::args().any(|argument| argument == "--brief");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    println!("{}", measure::head("lock", "jq"));
    for lock in locks(folder, brief)? {
        let file = lock.to_str().ok_or("the path is not UTF-8")?;
        let contenders = [
            Contender::new("`true`", &["true"]),
            Contender::yardstick("`jq -c .`", &["jq", "-c", ".", file]),
            Contender::new("`analyze --format json`", &[FLAKEPART, "analyze", "--format", "json", file]),
            Contender::new("`lock normalize`", &[FLAKEPART, "lock", "normalize", file]),
        ];
        // The smaller the lock, the more a single disturbance weighs.
        let rounds = match (brief, std::fs::metadata(&lock)?.len() > 20_000_000) {
            (true, _) => 3,
            (false, true) => 7,
            (false, false) => 25,
        };
        let name = lock.file_stem().unwrap_or_default().to_string_lossy();
        println!("{}", table(&name, &contenders, rounds)?);
    }
    println!("\n{}", measure::head("code", "deadnix"));
    for files in if brief { vec![100] } else { vec![1_000, 3_500] } {
        let tree = folder.join(format!("synthetic-{files}"));
        if tree.exists() {
            std::fs::remove_dir_all(&tree)?;
        }
        tree::tree(&tree, files)?;
        for git in [&["init", "--quiet"][..], &["add", "."]] {
            std::process::Command::new("git").arg("-C").arg(&tree).args(git).status()?;
        }
        let at = tree.to_str().ok_or("the path is not UTF-8")?;
        let contenders = [
            Contender::yardstick("`deadnix`", &["deadnix", at]),
            Contender::new("`analyze --format json`", &[FLAKEPART, "analyze", "--format", "json", at]),
        ];
        println!("{}", table(&format!("{files} files"), &contenders, if brief { 3 } else { 15 })?);
    }
    guards(folder, brief)?;
    println!("\n{}", measure::head("proof", "nix eval"));
    for proof in verify::proofs(folder)? {
        let contenders = [
            Contender::yardstick("`nix eval`, three times", &["sh", "-c", &proof.evals]),
            Contender::new("`verify`", &["sh", "-c", &proof.verify]),
        ];
        println!("{}", table(&proof.nix, &contenders, if brief { 3 } else { 15 })?);
    }
    Ok(())
}

/// The guards, in a repository with history.
fn guards(folder: &Path, brief: bool) -> Result<()> {
    let (name, rounds) = ("300 files, 3 partitions", if brief { 3 } else { 25 });
    println!("\n{}", measure::head("repository", "git show"));
    let repository = folder.join("synthetic-history");
    if repository.exists() {
        std::fs::remove_dir_all(&repository)?;
    }
    history::history(&repository, 300)?;
    std::env::set_current_dir(&repository)?;
    let base = format!("HEAD~{}", history::COMMITS);
    let lock = format!("{base}:flake.lock");
    let contenders = [
        Contender::yardstick("`git show BASE:flake.lock`", &["git", "show", &lock]),
        Contender::new("`gate --base BASE`", &[FLAKEPART, "gate", "--base", &base]),
    ];
    println!("{}", table(name, &contenders, rounds)?);
    history::stage(&repository)?;
    println!("\n{}", measure::head("commit", "git status"));
    let contenders = [
        Contender::yardstick("`git status --porcelain`", &["git", "status", "--porcelain"]),
        Contender::new("`check --staged`", &[FLAKEPART, "check", "--staged"]),
    ];
    println!("{}", table(name, &contenders, rounds)?);
    Ok(())
}

/// The locks to measure: synthetic ones, and the largest real one, where it is there.
fn locks(folder: &Path, brief: bool) -> Result<Vec<PathBuf>> {
    let mut locks = Vec::new();
    for (name, nodes) in [("15", 15), ("1k", 1_000), ("10k", 10_000), ("100k", 100_000)] {
        if brief && nodes > 1_000 {
            break;
        }
        let path = folder.join(format!("synthetic-{name}.lock"));
        std::fs::write(&path, lock::lock(nodes)?)?;
        locks.push(path);
    }
    let shared = std::env::var_os("FLAKEPART_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")));
    let real = shared.join("locks/big__lambda-buffers__3952.lock");
    if real.is_file() {
        locks.insert(2, real);
    } else {
        eprintln!("left out, because it is not there: {}", real.display());
    }
    Ok(locks)
}

/// Numbers that look random, the same in every run: Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}
