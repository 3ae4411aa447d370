//! `why` for people: where a locked input comes from, and what the code wants with it.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::text::{DIM, bold, count, fits, shown, styled, wrapped};
use crate::date::date;
use crate::lock::{Lock, Origin, reference};
use crate::nix::SiteKind;
use crate::partition::SiteSummary;

/// Each node with what it is locked to, and below it the input paths that lead to it.
#[must_use]
pub fn why(lock: &Lock, origins: &[Origin<'_>]) -> String {
    let mut text = String::new();
    for (index, origin) in origins.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let (key, locked) = (shown(origin.key), locked(lock, origin.key));
        if fits(&format!("{key}  {locked}")) {
            text.push_str(format!("{}  {locked}", bold(&key)).trim_end());
            text.push('\n');
        } else {
            text.push_str(&format!("{}\n{}", bold(&key), wrapped("      ", &locked)));
        }
        for way in &origin.ways {
            let path = shown(&way.path.join("/"));
            let follows = way.follows.map(|follows| match follows {
                [] => "follows this flake".to_owned(),
                follows => format!("follows {}", shown(&follows.join("/"))),
            });
            match follows {
                None => text.push_str(&format!("  {path}\n")),
                Some(follows) if fits(&format!("  {path}  {follows}")) => {
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

/// The places in the code that touch an input, each once, with what they are and the outputs they feed.
#[must_use]
pub fn sites(sites: &[SiteSummary]) -> String {
    if sites.is_empty() {
        return "\nno code names it\n".to_owned();
    }
    let mut places: Vec<(String, Vec<String>)> = Vec::new();
    let mut known: BTreeMap<(&Utf8Path, usize), usize> = BTreeMap::new();
    for site in sites {
        let outputs: Vec<&str> = site.outputs.iter().map(String::as_str).collect();
        let outputs = match (&site.why, outputs.as_slice()) {
            (Some(why), _) if site.certain => format!("every output: {why}"),
            (Some(why), _) => format!("maybe any output: {why}"),
            (None, []) => "no output".to_owned(),
            (None, outputs) if site.certain => outputs.join(", "),
            (None, outputs) => format!("maybe {}", outputs.join(", ")),
        };
        let way = wrapped(&format!("      {}  ", styled(DIM, kind(site.kind))), &shown(&outputs));
        let at = *known.entry((&site.file, site.line)).or_insert_with(|| {
            places.push((wrapped("  ", &shown(&format!("{}:{}", site.file, site.line))), Vec::new()));
            places.len() - 1
        });
        if let Some((_, ways)) = places.get_mut(at).filter(|(_, ways)| !ways.contains(&way)) {
            ways.push(way);
        }
    }
    let places = places.into_iter().map(|(place, ways)| place + &ways.concat());
    format!("\nused in\n{}", places.collect::<String>())
}

fn kind(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::Value => "value",
        SiteKind::Source => "source",
        SiteKind::Lib => "lib",
        SiteKind::Overlay => "overlay",
        SiteKind::Module => "module",
        SiteKind::FlakeModule => "flakeModule",
        SiteKind::Existence => "existence test",
        SiteKind::Opaque => "any input",
        SiteKind::Follows => "follows",
        SiteKind::Lock => "reads flake.lock",
    }
}

/// `github:NixOS/nixpkgs  5070d5f0eb of 2026-01-12`
fn locked(lock: &Lock, key: &str) -> String {
    let Some(node) = lock.nodes.get(key) else { return String::new() };
    let reference = node.original.as_ref().map(|original| shown(&reference(original)));
    let locked = node.locked.as_ref();
    let rev = locked.and_then(|locked| locked.str("rev").or_else(|| locked.str("narHash")));
    let rev = rev.map(|rev| shown(&rev.chars().take(10).collect::<String>()));
    let modified = locked.and_then(|locked| locked.get("lastModified")?.as_i64());
    let modified = modified.map(|modified| format!("of {}", date(modified)));
    let pin = rev.into_iter().chain(modified).collect::<Vec<_>>().join(" ");
    let pin = Some(pin).filter(|pin| !pin.is_empty());
    reference.into_iter().chain(pin).collect::<Vec<_>>().join("  ")
}
