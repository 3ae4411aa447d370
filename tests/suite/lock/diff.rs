//! Comparing locks of shapes that no list of input paths could hold.

use flakepart::lock::{Diff, Lock};
use serde_json::{Map, Value, json};

/// A node with these inputs, locked to a hash.
fn node(hash: &str, inputs: &Value) -> Value {
    json!({
        "inputs": inputs,
        "locked": { "narHash": hash, "path": "/x", "type": "path" },
        "original": { "path": "/x", "type": "path" },
    })
}

fn lock(nodes: impl IntoIterator<Item = (String, Value)>) -> Lock {
    let nodes: Map<String, Value> = nodes.into_iter().collect();
    let text = json!({ "nodes": nodes, "root": "0", "version": 7 }).to_string();
    Lock::parse(text.as_bytes()).unwrap()
}

/// Each level leads to the next by two inputs: 2^40 paths to the last.
fn diamond(last: &str) -> Lock {
    lock((0..=40).map(|level| {
        let next = (level + 1).to_string();
        let node = match level {
            0 => json!({ "inputs": { "a": next, "b": next } }),
            40 => node(last, &json!({})),
            _ => node("sha256-x", &json!({ "a": next, "b": next })),
        };
        (level.to_string(), node)
    }))
}

fn chain(length: usize, last: &str) -> Lock {
    lock((0..length).map(|at| {
        let inputs = if at + 1 < length { json!({ "a": (at + 1).to_string() }) } else { json!({}) };
        let hash = if at + 1 < length { "sha256-x" } else { last };
        let node = if at == 0 { json!({ "inputs": inputs }) } else { node(hash, &inputs) };
        (at.to_string(), node)
    }))
}

#[test]
fn a_diamond_is_walked_by_nodes_and_not_by_paths() {
    let diff = Diff::new((&diamond("sha256-y"), &[]), (&diamond("sha256-z"), &[]));
    let paths: Vec<String> = diff.updated.iter().map(|one| one.path.join("")).collect();
    // Once for each input that leads there: both of one node.
    assert_eq!(paths, ["a".repeat(40), "a".repeat(39) + "b"]);
    assert!(Diff::new((&diamond("sha256-y"), &[]), (&diamond("sha256-y"), &[])).is_empty());
}

#[test]
fn a_chain_of_100_000_is_compared_and_its_paths_are_told_within_bounds() {
    let (long, short) = (chain(100_000, "sha256-y"), chain(3, "sha256-x"));
    let diff = Diff::new((&long, &[]), (&chain(100_000, "sha256-z"), &[]));
    assert_eq!(diff.updated.iter().map(|one| one.path.len()).collect::<Vec<_>>(), [99_999]);
    let diff = Diff::new((&long, &[]), (&short, &[]));
    assert_eq!(diff.removed.len() + diff.more, 99_997);
    assert!(diff.more > 0);
    assert!(diff.removed.iter().all(|one| one.because.as_deref() == Some("a")));
}

#[test]
fn a_shared_node_that_becomes_two_is_no_difference_and_two_that_swap_are() {
    let shared = lock([
        ("0".to_owned(), json!({ "inputs": { "x": "1", "y": "2", "z": "1" } })),
        ("1".to_owned(), node("sha256-x", &json!({ "in": "3" }))),
        ("2".to_owned(), node("sha256-x", &json!({ "in": "4" }))),
        ("3".to_owned(), node("sha256-3", &json!({}))),
        ("4".to_owned(), node("sha256-4", &json!({}))),
    ]);
    let mut other = shared.clone();
    let inputs = &mut other.nodes.get_mut("0").unwrap().inputs;
    let two = inputs.get("y").unwrap().clone();
    inputs.insert("z".to_owned(), two);
    assert!(Diff::new((&shared, &[]), (&shared.normalized().unwrap(), &[])).is_empty());
    assert!(!Diff::new((&shared, &[]), (&other, &[])).is_empty());
}
