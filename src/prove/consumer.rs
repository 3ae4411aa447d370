//! What flakes that use this one see of it: how much comes into their locks, whether they get the same
//! outputs, and which inputs they can no longer follow or override.

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde::Deserialize;

use super::attr::{AttrPath, shown};
use super::nix::{Nix, ProveError};
use super::proof::{Consumers, Progress};
use super::side::{Side, Value, Values};

/// The part of a lock that tells of a consumer.
#[derive(Deserialize)]
struct Lock {
    nodes: BTreeMap<String, Node>,
}

#[derive(Deserialize)]
struct Node {
    #[serde(default)]
    inputs: BTreeMap<String, serde_json::Value>,
}

/// Has a flake made for it use both states. `is` is what the state after gives by itself, `chosen` which
/// outputs are looked at, and `scratch` a folder for the flakes.
pub(super) fn consumers(
    nix: &Nix,
    before: &Side<'_>,
    after: &Side<'_>,
    is: &Values,
    chosen: &[AttrPath],
    scratch: &Utf8Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Consumers, ProveError> {
    let locked = |side: &Side<'_>, name: &str| {
        let folder = scratch.join(name);
        fs_err::create_dir(&folder)?;
        let flake =
            format!("{{ inputs.used.url = {}; outputs = inputs: inputs.used.outputs; }}\n", side.literal());
        fs_err::write(folder.join("flake.nix"), flake)?;
        nix.lock(&folder)?;
        let lock: Lock = serde_json::from_slice(&fs_err::read(folder.join("flake.lock"))?)
            .map_err(|error| ProveError::Answer { what: error.to_string() })?;
        Ok::<_, ProveError>((folder, lock))
    };
    let (_, was) = locked(before, "consumer-before")?;
    let (folder, now) = locked(after, "consumer-after")?;
    let consumer = Side::new(nix, "a consumer", &folder, after.systems)?.with_nixpkgs_of(before);
    let gets = consumer.outputs(chosen, Some(is.len()), progress)?;
    let same = |path: &AttrPath| match (is.get(path), gets.get(path)) {
        // Nix words it otherwise.
        (Some(Value::Fails(_)), Some(Value::Fails(_))) => true,
        (is, gets) => is == gets,
    };
    let differs = is.keys().chain(gets.keys()).filter(|path| !same(path));
    let mut differs: Vec<String> = differs.map(|path| shown(path)).collect();
    differs.sort();
    differs.dedup();
    let inputs = |lock: &Lock| -> Vec<String> {
        lock.nodes.get("used").into_iter().flat_map(|node| node.inputs.keys().cloned()).collect()
    };
    let left = inputs(&now);
    Ok(Consumers {
        // The root is no node that a consumer gets.
        nodes_before: was.nodes.len().saturating_sub(1),
        nodes_after: now.nodes.len().saturating_sub(1),
        lost_inputs: inputs(&was).into_iter().filter(|name| !left.contains(name)).collect(),
        outputs: gets.len(),
        differs,
    })
}
