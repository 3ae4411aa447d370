//! The root's pins in the partitions.

use super::text::{count, shown, wrapped};
use crate::partition::{Outline, SyncPlan};

/// What changes, an alias a line; or that nothing does.
#[must_use]
pub fn sync(plan: &SyncPlan, flake: &Outline) -> String {
    if plan.changes.is_empty() {
        return match flake.partitions.len() {
            0 => "this flake has no partitions\n".to_owned(),
            partitions => format!("{} in step with the root\n", count(partitions, "partition")),
        };
    }
    let mut text = String::new();
    for pin in &plan.pins {
        let head = format!("{}  ", shown(&pin.partition));
        text.push_str(&wrapped(&head, &shown(&format!("{} {} -> {}", pin.alias, pin.before, pin.after))));
    }
    for (path, _) in plan.changes.actions() {
        text.push_str(&format!("edit  {}\n", shown(path.as_str())));
    }
    text
}
