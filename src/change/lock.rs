//! One run at a time.

use std::fs::File;

use camino::Utf8Path;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// Locks a folder until the file is dropped, or the process ends in whatever way; calls `waiting` before it
/// waits for another run. The folder itself is locked: a lock file would be one more thing to clear away.
pub(super) fn lock(folder: &Utf8Path, waiting: impl FnOnce()) -> std::io::Result<File> {
    let file = File::open(folder)?;
    let mut locked = flock(&file, FlockOperation::NonBlockingLockExclusive);
    if locked == Err(Errno::WOULDBLOCK) {
        waiting();
        locked = rustix::io::retry_on_intr(|| flock(&file, FlockOperation::LockExclusive));
    }
    match locked {
        // Some network file systems know no such locks. As with cargo, the user watches out there.
        Ok(()) | Err(Errno::NOTSUP | Errno::NOSYS | Errno::BADF | Errno::INVAL) => Ok(file),
        Err(error) => Err(error.into()),
    }
}

/// Whether some run holds the lock of a folder.
pub(super) fn is_locked(folder: &Utf8Path) -> bool {
    let locked = File::open(folder).map(|file| flock(&file, FlockOperation::NonBlockingLockShared));
    matches!(locked, Ok(Err(Errno::WOULDBLOCK)))
}
