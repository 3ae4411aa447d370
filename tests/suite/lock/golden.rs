//! Real moves into partitions, made offline, equal what Nix wrote.

use std::collections::BTreeMap;

use crate::support::shared;
use flakepart::lock::{Edge, Lock};
use serde_json::Value;

struct Case {
    before: Lock,
    after: Vec<u8>,
    moved: Vec<String>,
    folder: std::path::PathBuf,
}

fn case(name: &str) -> Option<Case> {
    let folder = shared()?.join("golden").join(name);
    let json: Value = serde_json::from_slice(&std::fs::read(folder.join("case.json")).unwrap()).unwrap();
    let moved = json["left_root"].as_array().unwrap().iter();
    Some(Case {
        before: Lock::parse(&std::fs::read(folder.join("before.root.lock")).unwrap()).unwrap(),
        after: std::fs::read(folder.join("after.root.lock")).unwrap(),
        moved: moved.map(|name| name.as_str().unwrap().to_owned()).collect(),
        folder,
    })
}

impl Case {
    fn moved(&self) -> Vec<&str> {
        self.moved.iter().map(String::as_str).collect()
    }
}

fn text(lock: &Lock) -> String {
    String::from_utf8(lock.to_bytes()).unwrap()
}

#[test]
fn pruned_roots_equal_the_real_ones() {
    for name in ["nixvim", "nixops4", "teslamate"] {
        let Some(case) = case(name) else { return };
        let pruned = case.before.prune(&case.moved()).unwrap();
        assert_eq!(text(&pruned), String::from_utf8_lossy(&case.after), "{name}");
    }
}

#[test]
fn the_extracted_lock_of_nixvim_equals_the_real_one() {
    let Some(case) = case("nixvim") else { return };
    let aliases = BTreeMap::from([("nixpkgs".to_owned(), "nixpkgs".to_owned())]);
    let nested = case.before.extract(&case.moved(), &aliases).unwrap();
    let real = std::fs::read_to_string(case.folder.join("after.flake-dev.lock")).unwrap();
    assert_eq!(text(&nested), real);
    let leaving = case.before.follows_leaving(&case.moved());
    assert_eq!(leaving.keys().collect::<Vec<_>>(), ["nixpkgs"]);
}

#[test]
fn bubblebox_gets_the_same_nodes_and_edges() {
    let Some(case) = case("bubblebox") else {
        return;
    };
    let shape = |lock: &Lock| -> Vec<(String, Vec<(String, Edge)>)> {
        let nodes = lock.nodes.iter();
        nodes
            .map(|(key, node)| {
                let inputs = node.inputs.iter();
                (key.to_string(), inputs.map(|(name, edge)| (name.to_string(), edge.clone())).collect())
            })
            .collect()
    };
    let after = Lock::parse(&case.after).unwrap();
    assert_eq!(shape(&case.before.prune(&case.moved()).unwrap()), shape(&after));
    let nested = std::fs::read(case.folder.join("after.nix-agents-_inputs.lock")).unwrap();
    let nested = Lock::parse(&nested).unwrap();
    let extracted = case.before.extract(&case.moved(), &BTreeMap::new()).unwrap();
    assert_eq!(shape(&extracted), shape(&nested));
}
