//! What a split is good for: who does not want the heavy inputs need not have them.

use super::on_each_nix;
use super::world::{Nix, lock, nodes, url};
use crate::support::Repo;

on_each_nix!(
    the_light_box_evaluates_where_the_heavy_inputs_cannot_be_fetched,
    an_archive_is_possible_without_the_heavy_inputs,
    the_locks_of_consumers_shrink,
);

/// The derivation of a box, or how its evaluation fails.
fn derivation(nix: &Nix, repo: &Repo, name: &str) -> Result<String, String> {
    let attr = format!("{}#packages.x86_64-linux.{name}.drvPath", url(repo));
    let ran = nix.run(repo.path(), &["eval", "--raw", &attr]);
    if ran.code == Some(0) { Ok(ran.stdout) } else { Err(ran.stderr) }
}

fn the_light_box_evaluates_where_the_heavy_inputs_cannot_be_fetched(nix: &Nix) {
    let light = nix.in_the_light_world();
    let (before, after) = (Repo::agent_boxes(), light.split_fixture());
    // Nix is lazy enough to do so before the split, too: this is no gain, but it must not get lost.
    let claudebox = derivation(&light, &before, "claudebox").unwrap();
    assert_eq!(derivation(&light, &after, "claudebox").unwrap(), claudebox);

    // The world is what it says.
    for repo in [&before, &after] {
        let error = derivation(&light, repo, "hermesbox").unwrap_err();
        assert!(error.contains("NousResearch/hermes-agent"), "{error}");
    }
}

fn an_archive_is_possible_without_the_heavy_inputs(nix: &Nix) {
    let light = nix.in_the_light_world();
    let (before, after) = (Repo::agent_boxes(), light.split_fixture());

    let archive = light.run(before.path(), &["flake", "archive", &url(&before)]);
    assert_eq!(archive.code, Some(1), "{archive}");
    assert!(archive.stderr.contains("NousResearch/hermes-agent"), "{archive}");

    let archive = light.ask(after.path(), &["flake", "archive", "--json", &url(&after)]);
    let archive: serde_json::Value = serde_json::from_str(&archive).unwrap();
    let inputs: Vec<&String> = archive["inputs"].as_object().unwrap().keys().collect();
    assert_eq!(inputs, ["flake-parts", "import-tree", "nixpkgs", "systems", "treefmt-nix"]);
}

fn the_locks_of_consumers_shrink(nix: &Nix) {
    // Nodes in the lock of a flake that has this repository as its input.
    let nodes = |repo: &Repo| {
        let flake = format!("{{ inputs.boxes.url = {:?}; outputs = _: {{ }}; }}", url(repo));
        let consumer = Repo::new(&[("flake.nix", &flake)]);
        nix.ask(consumer.path(), &["flake", "lock"]);
        nodes(&lock(&consumer, "flake.lock"))
    };
    let (before, after) = (Repo::agent_boxes(), nix.split_fixture());
    after.commit();
    // The repository itself is one of them.
    assert_eq!((nodes(&before), nodes(&after)), (18, 6));
}
