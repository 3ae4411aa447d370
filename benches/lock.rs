//! How fast and how large the commands on a bare lock are, as whole processes, beside `jq -c .` on
//! the same file. Prints a table for docs/BENCHMARKS.md; slowness is no failure here.
//!
//! `tests/bench` runs it; `tests/bench --brief` only shows that it works.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is what this program is for")]

mod synthetic;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const FLAKEPART: &str = env!("CARGO_BIN_EXE_flakepart");

fn main() -> Result<()> {
    let brief = std::env::args().any(|argument| argument == "--brief");
    println!("| lock | bytes | command | median | fastest | of jq's median | peak memory |");
    println!("| --- | ---: | --- | ---: | ---: | ---: | ---: |");
    for lock in locks(brief)? {
        // The smaller the lock, the more a single disturbance weighs.
        let rounds = match (brief, std::fs::metadata(&lock)?.len() > 20_000_000) {
            (true, _) => 1,
            (false, true) => 7,
            (false, false) => 25,
        };
        for row in rows(&lock, rounds)? {
            println!("{row}");
        }
    }
    Ok(())
}

/// The locks to measure: synthetic ones, and the largest real one, where it is there. Of these the small
/// ones, where it has to be brief.
fn locks(brief: bool) -> Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut locks = Vec::new();
    let sizes = [("15", 15), ("1k", 1_000), ("10k", 10_000), ("100k", 100_000)];
    for (name, nodes) in sizes.into_iter().filter(|(_, nodes)| !brief || *nodes <= 1_000) {
        let path = folder.join(format!("synthetic-{name}.lock"));
        std::fs::write(&path, synthetic::lock(nodes)?)?;
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

/// The lines of the table for one lock.
fn rows(lock: &Path, rounds: usize) -> Result<Vec<String>> {
    let file = lock.to_str().ok_or("the path is not UTF-8")?;
    let contenders: [(&str, Vec<&str>); 4] = [
        ("`true`", vec!["true"]),
        ("`jq -c .`", vec!["jq", "-c", ".", file]),
        ("`analyze --format json`", vec![FLAKEPART, "analyze", "--format", "json", file]),
        ("`lock normalize`", vec![FLAKEPART, "lock", "normalize", file]),
    ];
    // Of these only jq may be missing.
    let there = contenders.into_iter().filter(|(name, command)| !name.contains("jq") || run(command).is_ok());
    let there: Vec<(&str, Vec<&str>)> = there.collect();
    let mut times = vec![Vec::new(); there.len()];
    // In turns, so that what else the machine does hits all of them.
    for _ in 0..rounds {
        for ((_, command), times) in there.iter().zip(&mut times) {
            times.push(run(command)?);
        }
    }
    for times in &mut times {
        times.sort();
    }
    let median = |times: &[Duration]| times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64();
    let jq = there.iter().zip(&times).find(|((name, _), _)| name.contains("jq"));
    let jq = jq.map(|(_, times)| median(times));

    let bytes = std::fs::metadata(lock)?.len();
    let lock_name = lock.file_stem().unwrap_or_default().to_string_lossy();
    let rows = there.iter().zip(&times).map(|((name, command), times)| {
        let fastest = times.first().copied().unwrap_or_default().as_secs_f64();
        let share = jq.map_or("–".to_owned(), |jq| format!("1/{:.1}", jq / median(times)));
        let memory = peak_memory(command).map_or("–".to_owned(), |kib| format!("{:.1} MB", kib / 1024.0));
        let (median, fastest) = (median(times) * 1e3, fastest * 1e3);
        format!("| {lock_name} | {bytes} | {name} | {median:.1} ms | {fastest:.1} ms | {share} | {memory} |")
    });
    Ok(rows.collect())
}

/// How long a command takes, from before its start until after its end.
fn run(command: &[&str]) -> Result<Duration> {
    let (program, arguments) = command.split_first().ok_or("no command")?;
    let start = Instant::now();
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status()?;
    let time = start.elapsed();
    if status.success() { Ok(time) } else { Err(format!("{program} failed").into()) }
}

/// The most memory that a command holds, in KiB; none without GNU time.
fn peak_memory(command: &[&str]) -> Option<f64> {
    let time = Command::new("/usr/bin/time")
        .args(["-f", "%M"])
        .args(command)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .ok()?;
    String::from_utf8_lossy(&time.stderr).trim().parse().ok()
}
