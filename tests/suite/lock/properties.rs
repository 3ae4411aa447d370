//! What holds for every lock: those of the corpus, and random ones.

use std::collections::{BTreeMap, BTreeSet};

use flakepart::lock::{Diff, Edge, ExtractError, Graph, Lock, LockFile, Name, PruneError};
use proptest::prelude::*;
use serde_json::{Value, json};

/// All locks of the corpus that can be read: name, bytes. Without the corpus, the random locks below are
/// what the same is asked of.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let Some(shared) = crate::support::shared() else {
        return Vec::new();
    };
    let manifest = std::fs::read_to_string(shared.join("locks/manifest.tsv")).unwrap();
    let rows = manifest.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row[1] == "ok")
        .map(|row| {
            let bytes = std::fs::read(shared.join("locks").join(row[0])).unwrap();
            (row[0].to_owned(), bytes)
        })
        .collect()
}

/// The same lock with every key but the root's given anew, in another order.
fn renamed(lock: &Lock) -> Lock {
    let count = lock.nodes.len();
    let names: BTreeMap<&str, Name> = lock
        .nodes
        .keys()
        .enumerate()
        .map(|(at, key)| (key.as_str(), format!("{:05}-{at}", (at * 7919 + 13) % (count * 3 + 1)).into()))
        .collect();
    let nodes = lock.nodes.iter().map(|(key, node)| {
        let mut node = node.clone();
        for edge in node.inputs.values_mut() {
            if let Edge::Node(key) = edge
                && let Some(name) = names.get(key.as_str())
            {
                key.clone_from(name);
            }
        }
        (names[key.as_str()].clone(), node)
    });
    Lock { root: names[lock.root.as_str()].clone(), nodes: nodes.collect(), ..lock.clone() }
}

/// The same document with the keys of every object in the opposite order.
fn shuffled(value: &Value) -> String {
    let name = |name: &String| serde_json::to_string(name).unwrap();
    match value {
        Value::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .rev()
                .map(|(key, value)| format!("{}:{}", name(key), shuffled(value)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
        other => other.to_string(),
    }
}

/// What must hold of one lock, however large.
fn holds_of_any(lock: &Lock, canonical: bool) {
    let normal = lock.normalized().unwrap();
    let bytes = normal.to_bytes();
    assert_eq!(lock.normal().unwrap().to_bytes(), bytes);
    assert_eq!(normal.normalized().unwrap(), normal);
    assert_eq!(Lock::parse(&bytes).unwrap(), normal);
    assert_eq!(lock.prune(&[]).unwrap(), normal);
    for same in [&renamed(lock), &normal] {
        let diff = Diff::new((lock, &[]), (same, &[]));
        assert!(diff.is_empty(), "{diff:#?}");
    }
    if canonical {
        assert_eq!(&normal, lock);
    }
    let text = shuffled(&serde_json::from_slice(&renamed(lock).to_bytes()).unwrap());
    assert_ne!(text.as_bytes(), bytes);
    assert_eq!(Lock::parse(text.as_bytes()).unwrap().normal().unwrap().to_bytes(), bytes);
    for text in [&bytes, &lock.to_bytes(), &renamed(lock).to_bytes(), text.as_bytes()] {
        knows_its_bytes(text);
        knows_its_bytes(&[b"\xef\xbb\xbf", text].concat());
    }
}

#[test]
fn a_text_that_is_nearly_in_nix_s_form_is_not_taken_for_it() {
    let node = |fields: &str| {
        format!(
            "{{\n  \"nodes\": {{\n    \"a\": {{\n{fields}\n    }},\n    \"root\": {{\n      \"inputs\": {{\n        \"a\": \"a\"\n      }}\n    }}\n  }},\n  \"root\": \"root\",\n  \"version\": 7\n}}\n"
        )
    };
    let attrs = "{\n        \"narHash\": \"sha256-x\",\n        \"type\": \"github\"\n      }";
    let fine = node(&format!("      \"locked\": {attrs},\n      \"original\": {attrs}"));
    assert_eq!(LockFile::parse(fine.clone().into_bytes()).unwrap().is_canonical(), Ok(true));
    let near = [
        ("\"narHash\": \"sha256-x\"", "\"narHash\":  \"sha256-x\""),
        (
            "\"narHash\": \"sha256-x\",\n        \"type\": \"github\"",
            "\"type\": \"github\",\n        \"narHash\": \"sha256-x\"",
        ),
        ("sha256-x", "sha256-\\u0078"),
        ("sha256-x\"", "sha256-x\",\n        \"revCount\": 1e0"),
        ("      \"locked\"", "      \"flake\": true,\n      \"locked\""),
        ("      \"locked\"", "      \"inputs\": {},\n      \"locked\""),
        ("\"root\": {\n      \"inputs\": {\n        \"a\": \"a\"\n      }\n    }", "\"root\": {\n    }"),
        ("\"root\": {\n      \"inputs\"", "\"root\": {\n      \"flake\": false,\n      \"inputs\""),
        ("\"a\": \"a\"", "\"a\": \"a\",\n        \"b\": [\n        ]"),
        ("\"a\": \"a\"", "\"b\": [],\n        \"a\": \"a\""),
        ("\"version\": 7", "\"version\": 7.0"),
    ];
    for (text, other) in near {
        let text = fine.replacen(text, other, 1);
        assert_ne!(text, fine);
        knows_its_bytes(text.as_bytes());
        let is_canonical = LockFile::parse(text.into_bytes()).unwrap().is_canonical();
        assert_eq!(is_canonical, Ok(false), "{other}");
    }
}

/// What was learned on reading says the same as printing and comparing.
fn knows_its_bytes(text: &[u8]) {
    let Ok(lock) = Lock::parse(text) else { return };
    let printed = lock.normal().map(|normal| normal.to_bytes());
    let file = LockFile::parse(text.to_vec()).unwrap();
    assert_eq!(file.is_canonical(), printed.as_ref().map(|printed| printed == text).map_err(Clone::clone));
    assert_eq!(file.normal().map(|normal| normal.to_bytes()), printed);
}

/// All that must hold of one lock; some of it takes time that is quadratic in its size.
fn holds(lock: &Lock, canonical: bool) {
    holds_of_any(lock, canonical);
    let normal = lock.normalized().unwrap();
    let graph = Graph::new(&normal);
    let all: Vec<&str> = normal.root_inputs().keys().map(|name| name.as_str()).collect();
    match normal.extract(&all, &BTreeMap::new()) {
        Ok(whole) => assert_eq!(whole, normal),
        Err(error) => assert!(matches!(error, ExtractError::Relative { .. }), "{error}"),
    }
    assert_eq!(graph.left_without(&all), 0);
    let inputs = graph.inputs();
    for input in &inputs {
        without(&normal, &graph, input.name);
        assert_eq!(graph.nodes() - graph.left_without(&[input.name]), input.exclusive_nodes);
        assert_eq!(graph.reachable_from(&[input.name]).len(), input.reachable_nodes);
        split(&normal, &graph, &[input.name], !input.followed_by.is_empty());
    }
    for pair in all.chunks(2) {
        let followed = inputs
            .iter()
            .any(|input| pair.contains(&input.name) && input.followed_by.iter().any(|by| !pair.contains(by)));
        split(&normal, &graph, pair, followed);
    }
    assert_eq!(distinct_slowly(&normal), graph.distinct());
}

/// The same for a large lock, where a few root inputs stand for all.
fn holds_of_large(lock: &Lock, canonical: bool) {
    holds_of_any(lock, canonical);
    let graph = Graph::new(lock);
    let mut inputs = graph.inputs();
    inputs.sort_by_key(|input| std::cmp::Reverse(input.exclusive_nodes));
    for input in inputs.iter().take(5) {
        split(lock, &graph, &[input.name], !input.followed_by.is_empty());
    }
}

/// A diff tells what a prune takes away, and nothing else; from the other side it is what came.
fn without(lock: &Lock, graph: &Graph<'_>, name: &str) {
    let Ok(pruned) = lock.prune(&[name]) else { return };
    let left = Diff::new((lock, &[]), (&pruned, &[]));
    let came = Diff::new((&pruned, &[]), (lock, &[]));
    assert_eq!(left.removed, came.added);
    assert!([&left.added, &came.removed].iter().all(|list| list.is_empty()), "{left:#?}");
    for diff in [&left, &came] {
        assert!(diff.updated.is_empty() && diff.follows.is_empty() && diff.renamed.is_empty(), "{diff:#?}");
    }
    let nodes = left.removed.iter().filter(|one| one.locked.is_some()).count();
    assert_eq!(nodes, graph.nodes() - Graph::new(&pruned).nodes());
    for one in &left.removed {
        assert_eq!(one.path[0], name);
        assert_eq!(one.because.as_deref(), (one.path.len() > 1).then_some(name));
    }
}

/// Prune and extract together hold every node, with the same content.
fn split(lock: &Lock, graph: &Graph<'_>, names: &[&str], followed: bool) {
    let pruned = match lock.prune(names) {
        Ok(pruned) => pruned,
        Err(PruneError::Followed { .. }) if followed || through_root(graph) => return,
        Err(error) => panic!("{error}"),
    };
    assert!(!followed);
    let aliases: BTreeMap<String, String> = lock
        .follows_leaving(names)
        .into_keys()
        .map(|name| (name.clone(), format!("alias of {name}")))
        .collect();
    let nested = match lock.extract(names, &aliases) {
        Ok(nested) => nested,
        Err(ExtractError::Relative { .. }) => return,
        Err(ExtractError::Leaving { .. }) if through_root(graph) => return,
        Err(error) => panic!("{error}"),
    };
    // The way back leads to where it began.
    let roots = aliases.iter().map(|(root, alias)| (alias.clone(), root.clone())).collect();
    assert_eq!(pruned.graft(&nested, names, &roots), Ok(lock.normalized().unwrap()));
    // Nothing is left pointing nowhere that did not before.
    if graph.unresolved_count() == 0 {
        assert_eq!(Graph::new(&pruned).unresolved_count(), 0);
        assert_eq!(Graph::new(&nested).unresolved_count(), 0);
    }
    let contents = |lock: &Lock| -> BTreeSet<String> {
        let nodes = lock.nodes.iter().filter(|(key, _)| **key != lock.root);
        nodes.map(|(_, node)| format!("{:?} {:?} {}", node.locked, node.original, node.flake)).collect()
    };
    let both: BTreeSet<String> = contents(&pruned).into_iter().chain(contents(&nested)).collect();
    assert_eq!(both, contents(lock));
    // Each root input reaches as much as before, unless by ways through the root flake.
    if through_root(graph) {
        return;
    }
    let after = Graph::new(&nested);
    for name in names {
        assert_eq!(after.reachable_from(&[name]).len(), graph.reachable_from(&[name]).len());
    }
}

/// Whether an input is the root flake itself (`follows = ""`), which is another one once cut.
fn through_root(graph: &Graph<'_>) -> bool {
    let mut keys = graph.reachable_from(&graph.inputs().iter().map(|i| i.name).collect::<Vec<_>>());
    keys.push("root");
    keys.iter().any(|key| graph.node_inputs(key).any(|link| link.target == Some("root")))
}

/// By repeated refinement, as the definition has it.
fn distinct_slowly(lock: &Lock) -> usize {
    let graph = Graph::new(lock);
    let content = |key: &Name| -> String {
        let node = lock.nodes.get(key).unwrap();
        match node.locked.as_ref() {
            Some(locked) if *key != lock.root => match locked.str("narHash") {
                Some(hash) => format!("{hash} {:?} {}", locked.str("dir"), node.flake),
                None if locked.str("type") == Some("path") => format!("only {key}"),
                None => format!("{locked:?} {}", node.flake),
            },
            _ => format!("only {key}"),
        }
    };
    let keys: Vec<&Name> = lock.nodes.keys().collect();
    let mut class: BTreeMap<&str, usize> = BTreeMap::new();
    let mut count = 0;
    loop {
        let mut seen = BTreeMap::new();
        let mut next = BTreeMap::new();
        for key in &keys {
            let links = graph.node_inputs(key).map(|link| {
                (link.name.to_owned(), link.target.map(|target| class.get(target).copied().unwrap_or(0)))
            });
            let fresh = seen.len();
            let links: Vec<_> = links.collect();
            let number = *seen.entry((content(key), links)).or_insert(fresh);
            next.insert(key.as_str(), number);
        }
        class = next;
        if seen.len() == count {
            return count - 1;
        }
        count = seen.len();
    }
}

#[test]
fn for_every_lock_of_the_corpus() {
    for (name, bytes) in corpus() {
        let lock = Lock::parse(&bytes).unwrap();
        assert_eq!(
            Lock::parse(&[&bytes[..], b" "].concat()),
            Ok(lock.clone()),
            "{name}: with a blank behind it"
        );
        let canonical = lock.normal().unwrap().is(&bytes);
        assert_eq!(canonical, lock.normal().unwrap().to_bytes() == bytes, "{name}");
        let holds =
            || if bytes.len() < 400_000 { holds(&lock, canonical) } else { holds_of_large(&lock, canonical) };
        std::panic::catch_unwind(holds).unwrap_or_else(|_| panic!("{name}"));
    }
}

#[test]
fn a_lock_that_is_read_in_two_parts_is_read_as_a_whole() {
    let names: Vec<String> = (0..4000).map(|number| format!("input-{number:04}")).collect();
    let inputs: serde_json::Map<String, Value> =
        names.iter().map(|name| (name.clone(), json!(name))).collect();
    let mut nodes = json!({ "root": { "inputs": inputs } });
    for name in &names {
        let url = format!("https://{}.example/}}/{name}", "long.".repeat(20));
        let locked = json!({ "narHash": format!("sha256-{name}"), "type": "tarball", "url": url });
        nodes[name] = json!({ "locked": locked, "original": { "id": name, "type": "indirect" } });
    }
    let text = |nodes: &Value| {
        let text = json!({ "nodes": nodes, "root": "root", "version": 7 }).to_string();
        Lock::parse(text.as_bytes()).unwrap().to_bytes()
    };
    let any_json = |bytes: &[u8]| Lock::parse(&[bytes, b" "].concat());
    let with_brackets = text(&nodes);
    for name in &names {
        nodes[name]["locked"]["url"] = json!(format!("https://{}.example/{name}", "long.".repeat(20)));
    }
    let plain = text(&nodes);
    assert!(plain.len() > 1 << 20);
    for bytes in [&with_brackets, &plain] {
        assert_eq!(Lock::parse(bytes), any_json(bytes));
        assert_eq!(Lock::parse(bytes).unwrap().to_bytes(), *bytes);
    }
    // What is wrong in the first or in the second part is told with its place.
    for at in [plain.len() / 4, plain.len() / 2, plain.len() / 4 * 3] {
        let mut broken = plain.clone();
        let colon = at + broken[at..].iter().position(|byte| *byte == b':').unwrap();
        broken[colon] = b';';
        assert_eq!(Lock::parse(&broken), any_json(&broken));
        assert!(Lock::parse(&broken).is_err_and(|error| error.place().is_some()));
    }
}

/// A random tree with random follows (some through follows, some to nothing, some circular), and
/// sometimes a shared node.
fn any_lock() -> impl Strategy<Value = Lock> {
    const NAMES: [&str; 7] = ["a", "a_2", "root", "b.c", "ü\n", "nixpkgs", "nixpkgs_2"];
    let one = (0..8_usize, 0..NAMES.len(), 0..4_u32, any::<bool>());
    let follow = (0..12_usize, 0..NAMES.len(), proptest::collection::vec(0..NAMES.len(), 0..4));
    let shared = proptest::option::of((0..8_usize, 0..NAMES.len(), 0..8_usize));
    (proptest::collection::vec(one, 0..12), proptest::collection::vec(follow, 0..10), shared).prop_map(
        |(nodes, follows, shared)| {
            let mut all = vec![json!({ "inputs": {} })];
            for (parent, name, hash, flake) in nodes {
                let parent = parent % all.len();
                let key = format!("k{}", all.len());
                if all[parent]["inputs"].get(NAMES[name]).is_some() {
                    continue;
                }
                all[parent]["inputs"][NAMES[name]] = json!(key);
                let mut node = json!({
                    "inputs": {},
                    "locked": { "narHash": format!("sha256-{hash}"), "type": "path", "path": "/x" },
                    "original": { "type": "path", "path": format!("/{hash}") },
                });
                if !flake {
                    node["flake"] = json!(false);
                }
                all.push(node);
            }
            for (at, name, path) in follows {
                let at = at % all.len();
                if all[at]["inputs"].get(NAMES[name]).is_none() {
                    let path: Vec<&str> = path.into_iter().map(|name| NAMES[name]).collect();
                    all[at]["inputs"][NAMES[name]] = json!(path);
                }
            }
            if let Some((from, name, to)) = shared
                && from < to
                && to < all.len()
                && all[from]["inputs"].get(NAMES[name]).is_none()
            {
                // Keys grow from parent to child, so this cannot close a cycle.
                all[from]["inputs"][NAMES[name]] = json!(format!("k{to}"));
            }
            let nodes: serde_json::Map<String, Value> =
                all.into_iter().enumerate().map(|(at, node)| (format!("k{at}"), node)).collect();
            let text = json!({ "nodes": nodes, "root": "k0", "version": 7 }).to_string();
            Lock::parse(text.as_bytes()).unwrap()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn for_random_locks(lock in any_lock()) {
        holds(&lock, false);
    }

    #[test]
    fn no_input_differs_exactly_where_nix_would_write_the_same(
        lock in any_lock(), other in any_lock(), at in 0..12_usize, keep in any::<bool>(),
    ) {
        let mut changed = lock.clone();
        if let Some(node) = changed.nodes.values_mut().nth(at) {
            match (keep, other.nodes.get("k0").unwrap()) {
                (true, root) => node.inputs.extend(root.inputs.clone().into_iter().filter(|(_, edge)| matches!(edge, Edge::Follows(_)))),
                (false, _) => node.flake = !node.flake && node.locked.is_some(),
            }
        }
        for other in [other, changed] {
            let diff = Diff::new((&lock, &[]), (&other, &[]));
            prop_assert_eq!(diff.is_empty(), lock.normalized().unwrap() == other.normalized().unwrap(), "{:#?}", diff);
            let back = Diff::new((&other, &[]), (&lock, &[]));
            prop_assert_eq!(diff.is_empty(), back.is_empty());
        }
    }

    #[test]
    fn no_text_makes_it_panic(lock in any_lock(), cut in 0.0..1.0_f64, byte in any::<u8>()) {
        let mut bytes = lock.to_bytes();
        let at = (bytes.len() as f64 * cut) as usize;
        bytes[at] = byte;
        // Nix's own form has a reader of its own; with a blank behind it, a lock is read as any JSON is.
        prop_assert_eq!(Lock::parse(&bytes).ok(), Lock::parse(&[&bytes[..], b" "].concat()).ok());
        knows_its_bytes(&bytes);
        if let Ok(lock) = Lock::parse(&bytes) {
            let graph = Graph::new(&lock);
            let _ = (graph.inputs(), graph.distinct(), graph.follows_errors(&bytes));
            let _ = lock.normalized();
        }
        bytes.truncate(at);
        if let Err(error) = Lock::parse(&bytes) {
            prop_assert!(!error.to_string().contains(char::is_control));
            let _ = error.hint();
        }
    }
}
