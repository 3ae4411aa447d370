//! Programs measured as whole processes, in turns.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Result;

/// A command that takes part.
pub struct Contender<'a> {
    name: &'a str,
    command: Vec<&'a str>,
    is_yardstick: bool,
}

impl<'a> Contender<'a> {
    /// One that has to be there.
    pub fn new(name: &'a str, command: &[&'a str]) -> Contender<'a> {
        Contender { name, command: command.to_vec(), is_yardstick: false }
    }

    /// The one that the others are compared with, where it is installed.
    pub fn yardstick(name: &'a str, command: &[&'a str]) -> Contender<'a> {
        Contender { name, command: command.to_vec(), is_yardstick: true }
    }
}

/// The head of a table of what is measured, beside a yardstick.
pub fn head(what: &str, yardstick: &str) -> String {
    format!(
        "| {what} | command | median | fastest | of {yardstick}'s median | peak memory |\n\
         | --- | --- | ---: | ---: | ---: | ---: |"
    )
}

/// The rows for one thing that all contenders work on.
pub fn table(what: &str, contenders: &[Contender<'_>], rounds: usize) -> Result<String> {
    let there: Vec<&Contender<'_>> =
        contenders.iter().filter(|one| !one.is_yardstick || run(&one.command).is_ok()).collect();
    let mut times = vec![Vec::new(); there.len()];
    // In turns, so that what else the machine does hits all of them.
    for _ in 0..rounds {
        for (one, times) in there.iter().zip(&mut times) {
            times.push(run(&one.command)?);
        }
    }
    for times in &mut times {
        times.sort();
    }
    let median = |times: &[Duration]| times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64();
    let yardstick =
        there.iter().zip(&times).find(|(one, _)| one.is_yardstick).map(|(_, times)| median(times));
    let rows = there.iter().zip(&times).map(|(one, times)| {
        let fastest = times.first().copied().unwrap_or_default().as_secs_f64();
        let share =
            yardstick.map_or("–".to_owned(), |yardstick| format!("{:.2}", median(times) / yardstick));
        let memory =
            peak_memory(&one.command).map_or("–".to_owned(), |kib| format!("{:.1} MB", kib / 1024.0));
        let (median, fastest) = (median(times) * 1e3, fastest * 1e3);
        format!("| {what} | {} | {median:.1} ms | {fastest:.1} ms | {share} | {memory} |", one.name)
    });
    Ok(rows.collect::<Vec<_>>().join("\n"))
}

/// How long a command takes, from before its start until after its end.
fn run(command: &[&str]) -> Result<Duration> {
    let (program, arguments) = command.split_first().ok_or("no command")?;
    let start = Instant::now();
    let status =
        Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
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
    String::from_utf8_lossy(&time.stderr).lines().last()?.trim().parse().ok()
}
