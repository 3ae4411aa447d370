//! Locks that no Nix writes: merges gone wrong, other programs' work, and malice.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// A lock that is as it should be, one line for each thing that a case may change.
pub const GOOD: &str = r#"{
  "nodes": {
    "a": {
      "locked": {
        "lastModified": 1,
        "narHash": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "path": "/nonexistent",
        "type": "path"
      },
      "original": { "path": "/nonexistent", "type": "path" }
    },
    "root": { "inputs": { "a": "a" } }
  },
  "root": "root",
  "version": 7
}
"#;

/// The good lock with one text replaced.
fn with(from: &str, to: &str) -> Vec<u8> {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1).into_bytes()
}

/// A lock of these nodes, each with its inputs; those that are not the root get the good one's content.
fn nodes<K: Into<String>>(nodes: impl IntoIterator<Item = (K, Value)>) -> Vec<u8> {
    let good: Value = serde_json::from_str(GOOD).unwrap();
    let nodes = nodes.into_iter().map(|(key, inputs)| {
        let (key, mut node) = (key.into(), good["nodes"]["a"].clone());
        if key == "root" {
            node = json!({});
        }
        node["inputs"] = inputs;
        (key, node)
    });
    let nodes: Map<String, Value> = nodes.collect();
    json!({ "nodes": nodes, "root": "root", "version": 7 }).to_string().into_bytes()
}

/// Levels of which each has the next one twice.
fn diamond(levels: usize, edge: fn(String) -> Value) -> Vec<u8> {
    let name = |level| format!("l{level}");
    let mut all =
        vec![("root".to_owned(), (0..levels).map(|level| (name(level), json!(name(level)))).collect())];
    for level in 0..levels {
        let next = edge(name(level + 1));
        let inputs = if level + 1 < levels { json!({ "x": next, "y": next }) } else { json!({}) };
        all.push((name(level), inputs));
    }
    nodes(all)
}

fn chain(length: usize) -> Vec<u8> {
    let next = |at: usize| if at < length { json!({ "x": format!("n{at}") }) } else { json!({}) };
    let root = ("root".to_owned(), next(0));
    nodes(std::iter::once(root).chain((0..length).map(|at| (format!("n{at}"), next(at + 1)))))
}

/// All of them, each by what is odd about it.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    let bytes = |text: &str| text.as_bytes().to_vec();
    let a = |inputs: Value| nodes([("root", json!({ "a": "a" })), ("a", inputs)]);
    let modified = |number: &str| with("\"lastModified\": 1,", &format!("\"lastModified\": {number},"));
    let locked =
        |attribute: &str| with("\"lastModified\": 1,", &format!("\"lastModified\": 1, {attribute},"));
    let version = |version: &str| with("\"version\": 7", &format!("\"version\": {version}"));
    let mut no_utf8 = with("nonexistent", "n~");
    let tilde = no_utf8.iter().position(|byte| *byte == b'~').unwrap();
    no_utf8[tilde] = 0xff;
    let mut names = String::new();
    for at in 0..3000 {
        write!(names, "\"i{at}\": \"a\", ").unwrap();
    }
    vec![
        // The text.
        ("nothing is odd", bytes(GOOD)),
        ("empty", Vec::new()),
        ("one newline", bytes("\n")),
        ("not JSON", bytes("nodes: root")),
        ("cut short", bytes(&GOOD[..GOOD.len() / 2])),
        (
            "conflict markers",
            with("  \"root\": \"root\",", "<<<<<<< HEAD\n  \"root\": \"root\",\n=======\n>>>>>>> x"),
        ),
        ("a byte order mark", bytes(&format!("\u{feff}{GOOD}"))),
        ("two byte order marks", bytes(&format!("\u{feff}\u{feff}{GOOD}"))),
        ("CRLF", bytes(&GOOD.replace('\n', "\r\n"))),
        ("not UTF-8", no_utf8),
        ("UTF-16", GOOD.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("a NUL behind it", bytes(&format!("{GOOD}\0"))),
        ("a NUL in a string", with("nonexistent", "n\0")),
        ("an escaped NUL", with("nonexistent", "n\\u0000")),
        ("half a surrogate pair", with("nonexistent", "n\\ud800")),
        ("trailing garbage", bytes(&format!("{GOOD}x"))),
        ("a second lock behind it", bytes(&format!("{GOOD}{GOOD}"))),
        ("a comment", bytes(&format!("// by hand\n{GOOD}"))),
        ("a trailing comma", with("\"version\": 7", "\"version\": 7,")),
        (
            "1,000 arrays deep",
            with("\"version\"", &format!("\"x\": {}{},\n\"version\"", "[".repeat(1000), "]".repeat(1000))),
        ),
        ("a million arrays deep", "[".repeat(1 << 20).into_bytes()),
        ("a string of 4 MB", with("nonexistent", &"x".repeat(4 << 20))),
        ("a name of 1 MB", with("\"a\": \"a\"", &format!("\"{}\": \"gone\"", "x".repeat(1 << 20)))),
        // The document.
        ("an array", bytes("[]")),
        ("null", bytes("null")),
        ("an empty object", bytes("{}")),
        ("version 4", version("4")),
        ("version 8", version("8")),
        ("version 7.0", version("7.0")),
        ("version 7.5", version("7.5")),
        ("version -7", version("-7")),
        ("version 2^64 + 7", version("18446744073709551623")),
        ("version 1e400", version("1e400")),
        ("version in quotes", version("\"7\"")),
        ("no version", with(",\n  \"version\": 7", "")),
        ("version twice", version("7,\n  \"version\": 7")),
        ("a node twice", with("\"root\": {", "\"a\": {}, \"root\": {")),
        ("no nodes", bytes("{ \"root\": \"root\", \"version\": 7 }")),
        ("nodes is an array", bytes("{ \"nodes\": [], \"root\": \"root\", \"version\": 7 }")),
        ("no root", with("  \"root\": \"root\",\n", "")),
        ("root is not there", with("\"root\": \"root\"", "\"root\": \"gone\"")),
        ("root by another name", with("\"root\": \"root\"", "\"root\": \"a\"")),
        ("root is a number", with("\"root\": \"root\"", "\"root\": 5")),
        ("root with locked", with("\"root\": {", "\"root\": { \"locked\": 5,")),
        ("root with good locked", with("\"root\": {", "\"root\": { \"locked\": { \"type\": \"path\" },")),
        // The graph.
        ("a dangling edge", a(json!({ "x": "gone" }))),
        ("a dangling follows", a(json!({ "x": ["gone"] }))),
        ("a follows that dangles below", a(json!({ "x": ["a", "gone"] }))),
        ("follows in a circle", a(json!({ "x": ["a", "y"], "y": ["a", "x"] }))),
        ("a follows to itself", a(json!({ "x": ["a", "x"] }))),
        (
            "nodes in a circle",
            nodes([("root", json!({ "a": "a" })), ("a", json!({ "x": "b" })), ("b", json!({ "y": "a" }))]),
        ),
        ("a node in itself", a(json!({ "x": "a" }))),
        ("the root in a node", a(json!({ "x": "root" }))),
        ("the root in itself", nodes([("root", json!({ "x": "root" }))])),
        ("a node under 3,000 names", with("\"a\": \"a\"", &format!("{names}\"a\": \"a\""))),
        ("24 diamonds of follows", diamond(24, |next| json!([next]))),
        ("40 diamonds of follows", diamond(40, |next| json!([next]))),
        ("24 diamonds of nodes", diamond(24, |next| json!(next))),
        ("40 diamonds of nodes", diamond(40, |next| json!(next))),
        ("a chain of 20,000 nodes", chain(20_000)),
        // Nodes.
        ("a node is a number", with("\"a\": {", "\"a\": 5, \"b\": {")),
        ("a node out of reach is empty", with("\"a\": {", "\"b\": {}, \"a\": {")),
        ("a node out of reach is a number", with("\"a\": {", "\"b\": 5, \"a\": {")),
        ("inputs is null", with("{ \"inputs\": { \"a\": \"a\" } }", "{ \"inputs\": null }")),
        ("inputs is an array", with("{ \"inputs\": { \"a\": \"a\" } }", "{ \"inputs\": [\"a\"] }")),
        (
            "inputs is an array of arrays",
            with("{ \"inputs\": { \"a\": \"a\" } }", "{ \"inputs\": [[\"a\"]] }"),
        ),
        ("an edge is a number", with("\"a\": \"a\"", "\"a\": 5")),
        ("an edge is null", with("\"a\": \"a\"", "\"a\": null")),
        ("a follows of numbers", with("\"a\": \"a\"", "\"a\": \"a\", \"b\": [5]")),
        ("a follows in a follows", with("\"a\": \"a\"", "\"a\": \"a\", \"b\": [[\"a\"]]")),
        ("flake is a string", with("\"locked\"", "\"flake\": \"no\", \"locked\"")),
        ("flake is null", with("\"locked\"", "\"flake\": null, \"locked\"")),
        ("parent is a string", with("\"locked\"", "\"parent\": \"a\", \"locked\"")),
        ("parent is gone", with("\"locked\"", "\"parent\": [\"gone\"], \"locked\"")),
        ("an unknown field", with("\"locked\"", "\"colour\": \"red\", \"locked\"")),
        ("no locked", with("\"locked\"", "\"docked\"")),
        ("no original", with("\"original\"", "\"aboriginal\"")),
        ("original is a string", with("\"original\": {", "\"original\": \"x\", \"o\": {")),
        // Attributes.
        ("lastModified beyond 32 bits", modified("1099511627776")),
        ("lastModified of 64 bits", modified("18446744073709551615")),
        ("lastModified beyond 64 bits", modified("18446744073709551616")),
        ("lastModified is negative", modified("-1")),
        ("lastModified is 1.5", modified("1.5")),
        ("lastModified is 1e400", modified("1e400")),
        ("lastModified is in quotes", modified("\"1\"")),
        ("an attribute is null", locked("\"dir\": null")),
        ("an attribute is an array", locked("\"dir\": []")),
        ("an attribute is an object", locked("\"dir\": {}")),
        ("an attribute twice", locked("\"dir\": \"x\", \"dir\": \"y\"")),
        ("an unknown attribute", locked("\"colour\": \"red\"")),
        ("an unknown type", with("\"type\": \"path\"", "\"type\": \"cvs\"")),
        ("no type", with("\"type\": \"path\"", "\"kind\": \"path\"")),
        ("no hash", with("narHash", "carHash")),
        ("a hash that is none", with("sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "none")),
        (
            "control characters in names",
            nodes([
                ("root", json!({ "\u{1b}[31mred\r\n::error::\u{7}": "\u{1b}[2J" })),
                ("\u{1b}[2J", json!({ "\u{202e}x": ["\u{9b}0m\u{0}"] })),
            ]),
        ),
        (
            "control characters in what is wrong",
            a(json!({ "\u{1b}[31mred\n::error::": "\u{1b}]0;x\u{7}\u{85}" })),
        ),
    ]
}
