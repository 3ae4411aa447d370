//! Whether partitions are whole: their files, their place, and the outputs that come from them.

use super::attrs::{misspelled, texts};
use super::{Files, Outline};
use crate::finding::{Code, Finding};

/// Every way in which a partition is not what it has to be. `files` are those that Nix sees.
#[must_use]
pub fn wiring_findings(flake: &Outline, files: &Files) -> Vec<Finding> {
    let mut findings = Vec::new();
    for partition in flake.partitions.values() {
        let Some(folder) = &partition.folder else { continue };
        let (module, line) = &partition.module;
        // Without a flake.nix, the lock that is not there either is nothing that Nix could write.
        let lock = format!("`nix flake lock ./{folder}`, then `git add {folder}`");
        let add = format!("`git add {folder}`, or correct the path");
        let needed = [(folder.join("flake.nix"), add), (folder.join("flake.lock"), lock)];
        if let Some((path, help)) = needed.into_iter().find(|(path, _)| !files.contains_key(path)) {
            let message = format!("partition `{}` has no {path} that Nix sees", partition.name);
            findings.push(
                Finding::new(Code::PartitionIncomplete, message)
                    .at(module.clone(), Some(*line))
                    .with([folder.join("flake.nix"), folder.join("flake.lock"), "flake.nix".into()])
                    .help(help),
            );
        }
        if flake.is_visible(folder) {
            let message = format!("import-tree imports {folder}/flake.nix as a module");
            findings.push(
                Finding::new(Code::PartitionVisible, message)
                    .at(module.clone(), Some(*line))
                    .with([folder.join("flake.nix"), "flake.nix".into()])
                    .help("import-tree passes over folders with a leading `_`: rename it"),
            );
        }
    }
    for (attr, (partition, module, line)) in &flake.routed {
        if !flake.partitions.contains_key(partition) {
            let message = format!("`{attr}` comes from partition `{partition}`, which nothing defines");
            findings.push(
                Finding::new(Code::PartitionUndefined, message)
                    .at(module.clone(), Some(*line))
                    .with(["flake.nix".into()])
                    .help(format!("define `partitions.{partition}`, or correct the name")),
            );
        }
    }
    findings.extend(misspelled(flake, files));
    findings.extend(unwired(flake, files));
    findings
}

/// Nested flakes in hidden folders of the module tree that no partition has. Where code names the folder, or a
/// partition's folder cannot be read, it may be in use.
fn unwired(flake: &Outline, files: &Files) -> Vec<Finding> {
    let Some(tree) = &flake.module_tree else { return Vec::new() };
    if flake.partitions.values().any(|partition| partition.folder.is_none()) {
        return Vec::new();
    }
    let flakes = flake.paths.iter().filter(|path| path.file_name() == Some("flake.nix"));
    let folders = flakes.filter_map(|path| path.parent()).filter(|folder| {
        folder.file_name().is_some_and(|name| name.starts_with('_'))
            && folder.starts_with(&tree.folder)
            && !flake.partitions.values().any(|partition| partition.folder.as_deref() == Some(*folder))
            && flake.paths.contains(&folder.join("flake.lock"))
            && !folder.file_name().is_some_and(|name| texts(files).any(|text| text.contains(name)))
    });
    let unwired = folders.map(|folder| {
        Finding::new(Code::PartitionUnwired, format!("no partition has the nested flake in {folder}"))
            .at(folder.join("flake.nix"), None)
            .with([folder.join("flake.lock"), "flake.nix".into()])
            .help(format!("`partitions.NAME.extraInputsFlake` names it; else `git rm -r {folder}`"))
    });
    unwired.collect()
}
