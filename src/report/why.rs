//! `why` for people: where a locked input comes from.

use super::text::{DIM, bold, count, date, fits, shown, styled};
use crate::lock::{Lock, Origin, reference};

/// Each node with what it is locked to, and below it the input paths that lead to it.
#[must_use]
pub fn why(lock: &Lock, origins: &[Origin<'_>]) -> String {
    let mut text = String::new();
    for (index, origin) in origins.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(&format!("{}{}\n", bold(&shown(origin.key)), locked(lock, origin.key)));
        for way in &origin.ways {
            let path = shown(&way.path.join("/"));
            let follows = way.follows.map(|follows| match follows {
                [] => "follows this flake".to_owned(),
                follows => format!("follows {}", shown(&follows.join("/"))),
            });
            match follows {
                None => text.push_str(&format!("  {path}\n")),
                Some(follows) if fits(&[&path, &follows]) => {
                    text.push_str(&format!("  {path}  {}\n", styled(DIM, &follows)));
                }
                Some(follows) => text.push_str(&format!("  {path}\n      {}\n", styled(DIM, &follows))),
            }
        }
        if origin.more > 0 {
            text.push_str(&format!("  and {} more\n", count(origin.more, "way")));
        }
    }
    text
}

/// `  github:NixOS/nixpkgs  5070d5f0eb of 2026-01-12`
fn locked(lock: &Lock, key: &str) -> String {
    let Some(node) = lock.nodes.get(key) else { return String::new() };
    let mut text = String::new();
    if let Some(original) = &node.original {
        text.push_str(&format!("  {}", shown(&reference(original))));
    }
    let Some(locked) = &node.locked else { return text };
    if let Some(rev) = locked.str("rev").or_else(|| locked.str("narHash")) {
        text.push_str(&format!("  {}", shown(&rev.chars().take(10).collect::<String>())));
    }
    if let Some(modified) = locked.get("lastModified").and_then(serde_json::Value::as_i64) {
        text.push_str(&format!(" of {}", date(modified)));
    }
    text
}
