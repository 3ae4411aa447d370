//! Whether what partitions pin agrees with the root.

use camino::Utf8Path;

use super::{Outline, Partition};
use crate::finding::{Code, Finding, Level};
use crate::lock::{Graph, Lock};

/// The prefix of the names under which a nested flake pins the root's inputs.
pub(super) const ALIAS: &str = "root-";

/// Every pin of a partition that should agree with the root's and does not, and every root input that
/// a partition hides by declaring one of its own under the same name.
#[must_use]
pub fn pin_findings(flake: &Outline) -> Vec<Finding> {
    let mut findings = Vec::new();
    for partition in flake.partitions.values() {
        let (Some(folder), Some(nested)) = (&partition.folder, &partition.lock) else { continue };
        for name in nested.root_inputs().keys() {
            let lock = folder.join("flake.lock");
            let name = name.as_str();
            if flake.lock.root_inputs().contains_key(name) {
                findings.push(shadow(flake, partition, nested, name, &lock));
            } else if let Some(root) = name.strip_prefix(ALIAS) {
                findings.extend(drift(flake, nested, name, root, &lock));
            }
        }
    }
    findings
}

fn shadow(flake: &Outline, partition: &Partition, nested: &Lock, name: &str, lock: &Utf8Path) -> Finding {
    let differs = pin(&flake.lock, name) != pin(nested, name);
    let message = format!(
        "`{name}` hides the root's input of that name in partition `{}`{}",
        partition.name,
        if differs { ", and is another revision" } else { "" }
    );
    let finding = Finding::new(Code::PinShadows, message)
        .at(lock, None)
        .about(name)
        .with(["flake.lock".into()])
        .help(format!("declare it as `{ALIAS}{name}` there, and point the follows at that name"));
    // As long as both are the same it makes no difference.
    Finding { level: if differs { finding.level } else { Level::Note }, ..finding }
}

/// Says so where a nested flake pins another revision than the root.
pub(super) fn drift(
    flake: &Outline,
    nested: &Lock,
    alias: &str,
    root: &str,
    lock: &Utf8Path,
) -> Option<Finding> {
    flake.drift(nested, root, alias).map(|(here, there)| {
        Finding::new(Code::PinDrift, format!("`{alias}` is {here}, but the root's `{root}` is {there}"))
            .at(lock, None)
            .about(root)
            .with(["flake.lock".into()])
            .help("`flakepart sync` gives it the same revision")
    })
}

impl Outline {
    /// What a nested lock pins an alias to, and what the root lock pins the input to that it stands for, where
    /// the two differ; both as people write them.
    pub(super) fn drift(&self, nested: &Lock, root: &str, alias: &str) -> Option<(String, String)> {
        let (here, there) = (pin(nested, alias)?, pin(&self.lock, root)?);
        (here != there).then(|| (short(&here), short(&there)))
    }
}

/// What a root input is locked to: a revision, or the content's hash.
fn pin(lock: &Lock, input: &str) -> Option<String> {
    let graph = Graph::new(lock);
    let root = graph.inputs().into_iter().find(|root| root.name == input)?;
    let locked = lock.nodes.get(root.node?)?.locked.as_ref()?;
    locked.str("rev").or_else(|| locked.str("narHash")).map(str::to_owned)
}

/// As much of a revision, or of a hash, as tells it apart.
fn short(pin: &str) -> String {
    let pin = pin.strip_prefix("sha256-").unwrap_or(pin);
    pin.chars().take(10).collect::<String>().escape_debug().to_string()
}
