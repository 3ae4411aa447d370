//! What a split is good for: who does not want the heavy inputs need not have them.

use super::on_each_nix;
use super::world::{Nix, Repo};

on_each_nix!(
    the_light_box_evaluates_where_the_heavy_inputs_cannot_be_fetched,
    an_archive_is_possible_without_the_heavy_inputs,
    the_locks_of_consumers_shrink,
);

/// The derivation of a box, or how its evaluation fails.
fn derivation(nix: &Nix, repo: &Repo, name: &str) -> Result<String, String> {
    let attr = format!("{}#packages.x86_64-linux.{name}.drvPath", repo.url());
    let ran = nix.run(repo.path(), &["eval", "--raw", &attr]);
    if ran.code == 0 { Ok(ran.stdout) } else { Err(ran.stderr) }
}

fn the_light_box_evaluates_where_the_heavy_inputs_cannot_be_fetched(nix: &Nix) {
    let light = nix.in_the_light_world();
    let (before, after) = (Repo::fixture(), Repo::split(&light));
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
    let (before, after) = (Repo::fixture(), Repo::split(&light));

    let archive = light.run(before.path(), &["flake", "archive", &before.url()]);
    assert_eq!(archive.code, 1, "{}", archive.stderr);
    assert!(archive.stderr.contains("NousResearch/hermes-agent"), "{}", archive.stderr);

    let archive = light.ask(after.path(), &["flake", "archive", "--json", &after.url()]);
    let archive: serde_json::Value = serde_json::from_str(&archive).unwrap();
    let inputs: Vec<&String> = archive["inputs"].as_object().unwrap().keys().collect();
    assert_eq!(inputs, ["flake-parts", "import-tree", "nixpkgs", "systems", "treefmt-nix"]);
}

fn the_locks_of_consumers_shrink(nix: &Nix) {
    // Nodes in the lock of a flake that has this repository as its input.
    let nodes = |repo: &Repo| {
        let consumer = repo.beside("consumer");
        let flake = format!("{{ inputs.boxes.url = {:?}; outputs = _: {{ }}; }}", repo.url());
        std::fs::write(consumer.join("flake.nix"), flake).unwrap();
        nix.ask(&consumer, &["flake", "lock", &format!("path:{}", consumer.display())]);
        let lock = std::fs::read(consumer.join("flake.lock")).unwrap();
        let lock: serde_json::Value = serde_json::from_slice(&lock).unwrap();
        lock["nodes"].as_object().unwrap().len() - 1
    };
    let (before, after) = (Repo::fixture(), Repo::split(nix));
    after.commit();
    // The repository itself is one of them.
    assert_eq!((nodes(&before), nodes(&after)), (18, 6));
}
