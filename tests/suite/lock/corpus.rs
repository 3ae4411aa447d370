//! Real locks give what a slow independent reference says of them.

use std::collections::BTreeMap;

use crate::support::shared;
use flakepart::lock::{Graph, Lock, LockError};

/// The rows of a table by column, the header left out.
fn rows(table: &str) -> Vec<Vec<String>> {
    let lines = table.lines().skip(1);
    lines.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[test]
fn every_lock_is_read_or_refused_as_the_manifest_says() {
    let Some(shared) = shared() else { return };
    let manifest = std::fs::read_to_string(shared.join("locks/manifest.tsv")).unwrap();
    let rows = rows(&manifest);
    assert_eq!(rows.len(), 103);
    let mut wrong = Vec::new();
    for row in rows {
        let bytes = std::fs::read(shared.join("locks").join(&row[0])).unwrap();
        match (row[1].as_str(), Lock::parse(&bytes)) {
            ("not-json", Err(LockError::NotJson { .. } | LockError::ConflictMarkers { .. })) => {}
            ("unsupported-version", Err(LockError::UnsupportedVersion { version, at })) => {
                assert_eq!(version.unwrap().to_string(), row[2]);
                assert!(at.is_some(), "{}", row[0]);
            }
            ("ok", Ok(lock)) => {
                let graph = Graph::new(&lock);
                let normal = lock.normal().unwrap().to_bytes();
                let found = [
                    lock.version.to_string(),
                    graph.nodes().to_string(),
                    lock.root_inputs().len().to_string(),
                    graph.unreachable().len().to_string(),
                    if normal == bytes { "yes" } else { "no" }.to_owned(),
                    graph.distinct().to_string(),
                    graph.follows().to_string(),
                    graph.max_depth().to_string(),
                ];
                if found[..] != row[2..] {
                    wrong.push(format!("{}: {found:?} and not {:?}", row[0], &row[2..]));
                }
                assert_eq!(normal, lock.normalized().unwrap().to_bytes(), "{}", row[0]);
                if row[6] == "yes" {
                    assert_eq!(lock.to_bytes(), bytes, "{}", row[0]);
                }
                assert_eq!(graph.unresolved(), [], "{}", row[0]);
            }
            (_, result) => wrong.push(format!("{}: {:?}", row[0], result.err())),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn exclusive_nodes_are_as_the_reference_counts_them() {
    let Some(shared) = shared() else { return };
    let weights = std::fs::read_to_string(shared.join("locks/weights.tsv")).unwrap();
    let mut by_file: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for row in rows(&weights) {
        by_file.entry(row[0].clone()).or_default().push((row[1].clone(), row[2].clone()));
    }
    let mut wrong = Vec::new();
    for (file, mut expected) in by_file {
        let bytes = std::fs::read(shared.join("locks").join(&file)).unwrap();
        let lock = Lock::parse(&bytes).unwrap();
        let graph = Graph::new(&lock);
        let found: Vec<_> = graph
            .inputs()
            .iter()
            .map(|input| (input.name.to_owned(), input.exclusive_nodes.to_string()))
            .collect();
        expected.sort();
        if found != expected {
            wrong.push(format!("{file}: {found:?} and not {expected:?}"));
        }
        for input in graph.inputs() {
            let total = graph.nodes();
            let left = graph.left_without(&[input.name]);
            assert_eq!(total - left, input.exclusive_nodes, "{file} {}", input.name);
            let reached = graph.reachable_from(&[input.name]).len();
            assert_eq!(reached, input.reachable_nodes, "{file} {}", input.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
