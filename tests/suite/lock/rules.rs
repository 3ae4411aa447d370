//! One small lock for each rule by which Nix names, keeps and follows.

use std::collections::BTreeMap;

use flakepart::lock::{Edge, ExtractError, Graph, Lock, PruneError};
use serde_json::{Value, json};

fn node(inputs: Value) -> Value {
    json!({
        "inputs": inputs,
        "locked": { "narHash": "sha256-x", "path": "/x", "type": "path" },
        "original": { "path": "/x", "type": "path" },
    })
}

/// A lock from the root's inputs and those of the other nodes.
fn lock(root: Value, nodes: &[(&str, Value)]) -> Lock {
    let mut all: serde_json::Map<_, _> =
        nodes.iter().map(|(key, inputs)| ((*key).to_owned(), node(inputs.clone()))).collect();
    all.insert("root".to_owned(), json!({ "inputs": root }));
    let json = json!({ "nodes": all, "root": "root", "version": 7 });
    Lock::parse(json.to_string().as_bytes()).unwrap()
}

/// The inputs of all nodes, as JSON.
fn shape(lock: &Lock) -> Value {
    let json: Value = serde_json::from_slice(&lock.to_bytes()).unwrap();
    let nodes = json["nodes"].as_object().unwrap();
    let inputs = nodes.iter().map(|(key, node)| {
        let inputs = node.get("inputs").cloned().unwrap_or_else(|| json!({}));
        (key.clone(), inputs)
    });
    Value::Object(inputs.collect())
}

#[test]
fn an_input_called_root_becomes_root_2() {
    let normal = lock(json!({ "root": "r" }), &[("r", json!({}))]).normalized().unwrap();
    assert_eq!(shape(&normal), json!({ "root": { "root": "root_2" }, "root_2": {} }));
}

#[test]
fn names_that_look_like_suffixes_compete() {
    // Order: a/x, a_2, b/a, c/a: `a_2` is taken by its own name before the second `a` comes.
    let normal = lock(
        json!({ "a": "1", "a_2": "2", "b": "3", "c": "4" }),
        &[
            ("1", json!({})),
            ("2", json!({})),
            ("3", json!({ "a": "5" })),
            ("4", json!({ "a": "6", "a_2": "7" })),
            ("5", json!({})),
            ("6", json!({})),
            ("7", json!({})),
        ],
    );
    let expected = json!({
        "a": {}, "a_2": {}, "a_3": {}, "a_4": {}, "a_2_2": {},
        "b": { "a": "a_3" }, "c": { "a": "a_4", "a_2": "a_2_2" },
        "root": { "a": "a", "a_2": "a_2", "b": "b", "c": "c" },
    });
    assert_eq!(shape(&normal.normalized().unwrap()), expected);
}

#[test]
fn a_suffixed_key_takes_the_name_from_an_input_called_so() {
    // a/a comes first and takes `a_2`; the root's `a_2` becomes `a_2_2`.
    let normal = lock(
        json!({ "a": "1", "a_2": "2" }),
        &[("1", json!({ "a": "3" })), ("2", json!({})), ("3", json!({}))],
    );
    let expected = json!({
        "a": { "a": "a_2" }, "a_2": {}, "a_2_2": {}, "root": { "a": "a", "a_2": "a_2_2" },
    });
    assert_eq!(shape(&normal.normalized().unwrap()), expected);
}

#[test]
fn shared_nodes_are_written_apart_and_unreachable_ones_not_at_all() {
    let normal = lock(
        json!({ "a": "s", "b": "s" }),
        &[("s", json!({ "x": "t" })), ("t", json!({})), ("gone", json!({ "x": "s" }))],
    );
    let expected = json!({
        "a": { "x": "x" }, "b": { "x": "x_2" }, "x": {}, "x_2": {}, "root": { "a": "a", "b": "b" },
    });
    assert_eq!(shape(&normal.normalized().unwrap()), expected);
}

#[test]
fn unknown_fields_are_carried_and_info_is_merged() {
    let text = r#"{"nodes":{"R":{"inputs":{"a":"k"}},"k":{"info":{"lastModified":5,"narHash":"sha256-y"},
        "locked":{"type":"cvs","odd":true,"lastModified":1},"original":{"type":"cvs"},"later":{"b":[1],"a":2},"flake":true}},
        "root":"R","version":5}"#;
    let normal = Lock::parse(text.as_bytes()).unwrap().normalized().unwrap();
    let json: Value = serde_json::from_slice(&normal.to_bytes()).unwrap();
    assert_eq!(
        json["nodes"]["a"],
        json!({
            "locked": { "lastModified": 5, "narHash": "sha256-y", "odd": true, "type": "cvs" },
            "original": { "type": "cvs" },
            "later": { "a": 2, "b": [1] },
        })
    );
    assert_eq!((&json["version"], &json["root"]), (&json!(7), &json!("root")));
}

#[test]
fn text_is_not_escaped_and_numbers_stay() {
    let text = r#"{"nodes":{"root":{"inputs":{"ü":"ü"}},"ü":{"locked":{"lastModified":18446744073709551615,
        "narHash":"h","path":"/\u00e4\u0001\"","type":"path"},"original":{"type":"path"}}},"root":"root","version":7}"#;
    let bytes = Lock::parse(text.as_bytes()).unwrap().to_bytes();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("\"path\": \"/ä\\u0001\\\"\""), "{text}");
    assert!(text.contains("18446744073709551615"));
}

#[test]
fn follows_pass_through_follows() {
    let lock = lock(
        json!({ "a": "a", "b": "b", "c": ["a"] }),
        &[("a", json!({ "x": ["b"], "y": ["c", "x", "z"] })), ("b", json!({ "z": "z" })), ("z", json!({}))],
    );
    let graph = Graph::new(&lock);
    let target = |key, name| graph.node_inputs(key).find(|link| link.name == name).unwrap().target;
    assert_eq!(target("a", "y"), Some("z"));
    assert_eq!(target("root", "c"), Some("a"));
    let inputs = graph.inputs();
    let weights: Vec<_> =
        inputs.iter().map(|input| (input.name, input.exclusive_nodes, input.reachable_nodes)).collect();
    // Two root edges lead to `a`: neither owns it.
    assert_eq!(weights, [("a", 0, 3), ("b", 0, 2), ("c", 0, 3)]);
    assert_eq!((&inputs[0].follows, &inputs[0].followed_by), (&vec!["b", "c"], &vec!["c"]));
    assert_eq!(graph.left_without(&["a", "c"]), 2);
}

#[test]
fn duplicates_are_found_across_cycles() {
    // a and b each hold x and y that follow each other; c is the same but for one edge.
    let pair = |root: &str, x: &str, y: &str| {
        [(x.to_owned(), json!({ "o": [root, "y"] })), (y.to_owned(), json!({ "o": [root, "x"] }))]
    };
    let mut nodes = vec![
        ("a".to_owned(), json!({ "x": "ax", "y": "ay" })),
        ("b".to_owned(), json!({ "x": "bx", "y": "by" })),
        ("c".to_owned(), json!({ "x": "cx", "y": "cy" })),
    ];
    nodes.extend(pair("a", "ax", "ay"));
    nodes.extend(pair("b", "bx", "by"));
    nodes.push(("cx".to_owned(), json!({ "o": ["c", "y"] })));
    nodes.push(("cy".to_owned(), json!({ "o": ["c"] })));
    let nodes: Vec<_> = nodes.iter().map(|(key, inputs)| (key.as_str(), inputs.clone())).collect();
    let lock = lock(json!({ "a": "a", "b": "b", "c": "c" }), &nodes);
    let graph = Graph::new(&lock);
    // x and y are alike, too: all four are one.
    assert_eq!(graph.duplicates(), [vec!["a", "b"], vec!["ax", "ay", "bx", "by"]]);
    assert_eq!(graph.distinct(), 5);
}

#[test]
fn prune_refuses_and_names_the_follower() {
    let lock = lock(
        json!({ "a": "a", "b": "b", "c": ["a", "x"] }),
        &[
            ("a", json!({ "x": "x" })),
            ("b", json!({ "y": "y" })),
            ("x", json!({})),
            ("y", json!({ "z.1": ["a"] })),
        ],
    );
    let error = lock.prune(&["a"]).unwrap_err();
    let PruneError::Followed { followers } = &error else { panic!("{error}") };
    assert_eq!(followers.len(), 2);
    assert_eq!(error.to_string(), "input `b/y/z.1` follows `a`, which would go (and 1 more)");
    assert_eq!(
        error.hint().unwrap(),
        "move `b` as well, keep `a`, or cut the follows in flake.nix (`inputs.b.inputs.y.inputs.\"z.1\".follows = \"\"`)"
    );
    assert_eq!(shape(&lock.prune(&["a", "b", "c"]).unwrap()), json!({ "root": {} }));
    assert_eq!(
        shape(&lock.prune(&["c", "b"]).unwrap()),
        json!({ "a": { "x": "x" }, "x": {}, "root": { "a": "a" } })
    );
    assert!(matches!(lock.prune(&["nope"]), Err(PruneError::UnknownInput { .. })));
}

#[test]
fn extract_points_follows_at_aliases() {
    let lock = lock(
        json!({ "a": "a", "b": "b", "c": ["b"], "d": "d", "e": ["a", "x"] }),
        &[
            ("a", json!({ "x": ["c", "y"], "s": ["a", "x"], "r": [] })),
            ("b", json!({ "y": "y", "w": ["d"] })),
            ("y", json!({ "own": ["b", "w"] })),
            ("d", json!({})),
        ],
    );
    let leaving = lock.follows_leaving(&["a"]);
    assert_eq!(leaving.keys().collect::<Vec<_>>(), ["b", "c", "d"]);
    assert_eq!(leaving["c"][0].path, ["a", "x"]);
    let error = lock.extract(&["a"], &BTreeMap::new()).unwrap_err();
    assert_eq!(error.to_string(), "input `a/x` follows `c/y`, which does not come along");
    assert_eq!(error.hint().unwrap(), "take along `--alias b=root-b` `--alias c=root-c` `--alias d=root-d`");
    let alias = |names: &[&str]| -> BTreeMap<String, String> {
        names.iter().map(|name| ((*name).to_owned(), format!("root-{name}"))).collect()
    };
    assert!(matches!(lock.extract(&["a"], &alias(&["c"])), Err(ExtractError::Leaving { .. })));
    let nested = lock.extract(&["a"], &alias(&["b", "c", "d"])).unwrap();
    let expected = json!({
        "a": { "x": ["root-c", "y"], "s": ["a", "x"], "r": [] },
        "root-b": { "y": "y", "w": ["root-d"] },
        "y": { "own": ["root-b", "w"] },
        "root-d": {},
        "root": { "a": "a", "root-b": "root-b", "root-c": ["root-b"], "root-d": "root-d" },
    });
    assert_eq!(shape(&nested), expected);
    assert_eq!(Graph::new(&nested).unresolved_count(), 0);
    // A root input that is a follows, itself.
    let nested = lock.extract(&["c", "b", "d"], &BTreeMap::new()).unwrap();
    assert_eq!(nested.root_inputs().get("c").unwrap(), &Edge::Follows(vec!["b".into()]));
    let nested = lock.extract(&["c"], &alias(&["b", "d"])).unwrap();
    assert_eq!(nested.root_inputs().get("c").unwrap(), &Edge::Follows(vec!["root-b".into()]));
    let taken = BTreeMap::from([("b".to_owned(), "a".to_owned())]);
    assert!(matches!(lock.extract(&["a"], &taken), Err(ExtractError::AliasTaken { .. })));
}

#[test]
fn paths_relative_to_the_root_do_not_move() {
    let relative = |parent: Value| {
        let text = json!({
            "nodes": {
                "root": { "inputs": { "a": "a" } },
                "a": node(json!({ "sub": "sub" })),
                "sub": { "locked": { "path": "./s", "type": "path" }, "original": { "path": "./s", "type": "path" }, "parent": parent },
            },
            "root": "root", "version": 7,
        });
        Lock::parse(text.to_string().as_bytes()).unwrap()
    };
    let error = relative(json!([])).extract(&["a"], &BTreeMap::new()).unwrap_err();
    assert_eq!(error.to_string(), "input `a` holds a path relative to the root flake: `./s`");
    let aliases = BTreeMap::from([("a".to_owned(), "root-a".to_owned())]);
    let nested = relative(json!(["a"])).extract(&[], &aliases).unwrap();
    assert_eq!(nested.nodes.get("sub").unwrap().parent, Some(vec!["root-a".into()]));
}
