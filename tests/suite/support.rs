//! What the tests share: where the material beside the project lies.

use std::io::Write as _;
use std::path::PathBuf;

/// The folder `shared` beside the project, with real locks and golden moves; `None` after a line that
/// says that the test skips. `FLAKEPART_SHARED` names another place.
pub fn shared() -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared"));
    let folder = std::env::var_os("FLAKEPART_SHARED").map_or_else(beside, PathBuf::from);
    if folder.join("locks/manifest.tsv").is_file() {
        return Some(folder);
    }
    skipped(&format!("no real locks in {}", folder.display()));
    None
}

/// Says that a test skips, and why, past the capture of the test runner.
pub fn skipped(why: &str) {
    let test = std::thread::current();
    let test = test.name().unwrap_or("a test");
    // Not `eprintln!`, which the test runner would keep to itself.
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "skipped {test}: {why}").unwrap();
}
