//! Ctrl-C and its like, from when they may no longer just end the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::Error;

/// Watches for signals that would end the program: copies are to be cleaned up, and no write is to stay
/// half done.
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on they are only noted.
    pub(super) fn watch() -> Result<Interrupt, Error> {
        let seen = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&seen)).map_err(Error::Signal)?;
        }
        Ok(Interrupt(seen))
    }

    /// What is set once one came.
    pub(super) fn flag(&self) -> &AtomicBool {
        &self.0
    }

    /// The same, for those who outlive this.
    pub(super) fn shared(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    /// The result of work that a signal may have cut short: the programs that were running got it, too.
    pub(super) fn unless_seen<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if self.0.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { result }
    }
}
