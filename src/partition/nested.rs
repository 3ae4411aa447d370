//! The locks of partitions, for those who have no time to read all code.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::Files;
use crate::nix::{Source, joined};

/// The locks of the partitions that these files define, with the partitions' names. Only files that speak of
/// nested flakes are parsed, and whoever imports them is not asked: that takes a hundred times as long.
/// Partitions of other flakes below this one, templates and examples, are theirs.
#[must_use]
pub fn nested_locks(files: &Files) -> BTreeMap<Utf8PathBuf, String> {
    let flakes = files.keys().filter(|path| path.file_name() == Some("flake.nix"));
    let flakes: BTreeSet<&Utf8Path> =
        flakes.filter_map(|path| path.parent()).filter(|it| *it != "").collect();
    let mut locks = BTreeMap::new();
    for (path, bytes) in files.iter().filter(|(path, _)| path.extension() == Some("nix")) {
        if !std::str::from_utf8(bytes).is_ok_and(|text| text.contains("extraInputsFlake")) {
            continue;
        }
        let Ok(source) = Source::parse(bytes) else { continue };
        for (partition, (folder, _)) in source.wiring(path == "flake.nix").folders {
            let Some(folder) = folder.and_then(|folder| joined(path, &folder)) else { continue };
            if !folder.ancestors().skip(1).any(|above| flakes.contains(above)) {
                locks.insert(folder.join("flake.lock"), partition);
            }
        }
    }
    locks
}
