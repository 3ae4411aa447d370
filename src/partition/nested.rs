//! The locks of partitions, for those who have no time to read all code.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use crate::nix::{Source, joined};

/// The bytes of files, where they are there.
type Contents = Vec<Option<Vec<u8>>>;

/// Finds the locks of partitions among the files of a flake, with the partitions' names. Whoever wires a
/// partition mostly stands in a folder above it: that code is read first, and the other only for a nested
/// flake that has no outputs, as those of partitions. Only files that speak of nested flakes are parsed, and
/// who imports them is not asked. `read` gives the bytes of files, in their order.
///
/// A partition of another flake below this one, a template or an example, is that flake's.
pub fn nested_locks<E>(
    paths: &[Utf8PathBuf],
    read: &dyn Fn(&[Utf8PathBuf]) -> Result<Contents, E>,
) -> Result<BTreeMap<Utf8PathBuf, String>, E> {
    let below = |name: &str| {
        let paths = paths.iter().filter(|path| path.file_name() == Some(name));
        paths.filter_map(|path| path.parent()).filter(|folder| *folder != "").collect::<BTreeSet<&Utf8Path>>()
    };
    let (flakes, mut locked) = (below("flake.nix"), below("flake.lock"));
    let mut nested = BTreeMap::new();
    let mut search = |files: Vec<Utf8PathBuf>, locked: &mut BTreeSet<&Utf8Path>| {
        for (file, bytes) in files.iter().zip(read(&files)?) {
            for (folder, partition) in bytes.map(|bytes| wired(file, &bytes)).unwrap_or_default() {
                let is_foreign = folder.ancestors().skip(1).any(|above| flakes.contains(above));
                if !is_foreign && locked.remove(folder.as_path()) {
                    nested.insert(folder.join("flake.lock"), partition);
                }
            }
        }
        Ok(())
    };
    if locked.is_empty() {
        return Ok(nested);
    }
    let code = paths.iter().filter(|path| path.extension() == Some("nix"));
    let above: BTreeSet<&Utf8Path> = locked.iter().flat_map(|folder| folder.ancestors()).collect();
    let (near, far): (Vec<_>, Vec<_>) =
        code.cloned().partition(|path| path.parent().is_some_and(|folder| above.contains(folder)));
    search(near, &mut locked)?;
    let without_outputs = |folder: &&Utf8Path| {
        let bytes = read(&[folder.join("flake.nix")])?.pop().flatten();
        Ok(bytes.and_then(|bytes| Source::parse(&bytes).ok()).is_some_and(|source| !source.has_outputs()))
    };
    let open: Vec<bool> = locked.iter().map(without_outputs).collect::<Result<_, E>>()?;
    if open.contains(&true) {
        search(far, &mut locked)?;
    }
    Ok(nested)
}

/// The folders of the nested flakes that a file gives to partitions, with these partitions' names.
fn wired(file: &Utf8Path, bytes: &[u8]) -> Vec<(Utf8PathBuf, String)> {
    if !std::str::from_utf8(bytes).is_ok_and(|text| text.contains("extraInputsFlake")) {
        return Vec::new();
    }
    let Ok(source) = Source::parse(bytes) else { return Vec::new() };
    let folders = source.wiring(file == "flake.nix").folders.into_iter();
    folders.filter_map(|(name, (folder, _))| Some((joined(file, &folder?)?, name))).collect()
}
