//! Cures that need neither Nix nor a decision.

use camino::Utf8PathBuf;

use crate::change::Changes;
use crate::finding::{Code, Finding};
use crate::lock::Lock;
use crate::partition::{Files, FlakeError, Outline, SyncError, SyncPlan};

/// What mends those of the findings that can be mended so: a lock gets the bytes that Nix would write, and
/// loses the inputs that its flake.nix does not declare; partitions get the root's pins.
pub fn fix(files: &Files, findings: &[Finding]) -> Result<Changes, SyncError> {
    let mut fixed = files.clone();
    for finding in findings {
        let Some(path) = finding.file.as_ref().filter(|_| concerns_lock(finding.code)) else { continue };
        let lock = fixed.get(path).map(|bytes| lock(path, bytes)).transpose()?;
        let mended = lock.and_then(|lock| match (finding.code, &finding.input) {
            (Code::InputNotDeclared, Some(input)) => lock.prune(&[input]).ok(),
            _ => lock.normalized().ok(),
        });
        if let Some(mended) = mended {
            fixed.insert(path.clone(), mended.to_bytes());
        }
    }
    if findings.iter().any(|finding| finding.code == Code::PinDrift) {
        let plan = SyncPlan::make(&fixed, &Outline::read(&fixed)?)?;
        for (path, change) in plan.changes.iter() {
            fixed.extend(change.after.iter().map(|bytes| (path.to_owned(), bytes.clone())));
        }
    }
    let mut changes = Changes::default();
    for (path, after) in fixed {
        changes.insert(path.clone(), files.get(&path).cloned(), Some(after));
    }
    Ok(changes)
}

fn concerns_lock(code: Code) -> bool {
    matches!(code, Code::InputNotDeclared | Code::LockNotCanonical | Code::LockUnreachable)
}

fn lock(path: &Utf8PathBuf, bytes: &[u8]) -> Result<Lock, FlakeError> {
    Lock::parse(bytes).map_err(|source| FlakeError::Lock { path: path.clone(), source })
}
