//! Running a program until it ends, its time is up, or somebody has had enough.

use std::io::{self, BufRead as _, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How often somebody looks at the clock.
const TICK: Duration = Duration::from_millis(50);

/// So much time has a program to clean up, and what it left behind to let go of its output.
const GRACE: Duration = Duration::from_secs(2);

/// So many bytes of a stream are kept, and come as one line.
const KEPT: usize = 256 << 20;
const LONGEST_LINE: u64 = 64 << 10;

/// How long programs may run.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// So long at most.
    pub timeout: Option<Duration>,
    /// Until this is set.
    pub interrupted: Arc<AtomicBool>,
}

/// Runs a program without input. Each line that it says on stderr is told when it comes. The error is
/// `TimedOut` or `Interrupted` where it did not end by itself. In a `group` of its own, what it started
/// ends with it; else it shares the terminal, which may have to ask for a passphrase.
pub(super) fn run(
    command: &mut Command,
    limits: &Limits,
    group: bool,
    mut told: impl FnMut(&str),
) -> io::Result<Output> {
    if group {
        std::os::unix::process::CommandExt::process_group(command, 0);
    }
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (lines, heard) = channel();
    let stdout = child.stdout.take().map(|stream| kept(stream, lines.clone(), false));
    let stderr = child.stderr.take().map(|stream| kept(stream, lines, true));
    // One that no clock will ever show is none.
    let deadline = limits.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut ended: Option<Instant> = None;
    loop {
        match heard.recv_timeout(TICK) {
            Ok(line) => told(&line),
            // All has been said.
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) if ended.is_none() => {
                ended = child.try_wait()?.map(|_| Instant::now());
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if ended.is_some_and(|ended| ended.elapsed() > GRACE) {
            break;
        }
        let why = if limits.interrupted.load(Ordering::Relaxed) {
            io::ErrorKind::Interrupted
        } else if ended.is_none() && deadline.is_some_and(|deadline| Instant::now() > deadline) {
            io::ErrorKind::TimedOut
        } else {
            continue;
        };
        stop(&mut child, group)?;
        return Err(why.into());
    }
    let status = child.wait()?;
    let bytes = |kept: Option<Arc<Mutex<Vec<u8>>>>| {
        kept.map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap_or_default()
    };
    Ok(Output { status, stdout: bytes(stdout), stderr: bytes(stderr) })
}

/// What a stream says, kept as it comes.
fn kept(stream: impl Read + Send + 'static, lines: Sender<String>, told: bool) -> Arc<Mutex<Vec<u8>>> {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let ours = Arc::clone(&kept);
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while let Ok(1..) = stream.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            let mut kept = ours.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() < KEPT {
                kept.extend_from_slice(&line);
            }
            drop(kept);
            if told {
                // Nobody listens any more once the program was stopped.
                let _ = lines.send(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            line.clear();
        }
    });
    kept
}

/// Ends a program, gently first.
fn stop(child: &mut Child, group: bool) -> io::Result<()> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let send = |signal| {
        // One that has ended already need not be told.
        let _ =
            pid.map(|pid| if group { kill_process_group(pid, signal) } else { kill_process(pid, signal) });
    };
    send(Signal::TERM);
    let since = Instant::now();
    while child.try_wait()?.is_none() && since.elapsed() < GRACE {
        thread::sleep(TICK);
    }
    send(Signal::KILL);
    child.wait().map(drop)
}
