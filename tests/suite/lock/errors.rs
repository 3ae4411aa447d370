//! What Nix refuses is refused, with its place and a way out; hostile locks cost little.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use flakepart::lock::{Graph, Lock, LockError, PruneError, Why, path_shown, shown};

const CONTENT: &str = r#""locked": {"narHash": "sha256-x", "path": "/x", "type": "path"}, "original": {"path": "/x", "type": "path"}"#;

/// A lock from `key: inputs` pairs, `inputs` as JSON; the root first.
fn lock(nodes: &[(&str, &str)]) -> String {
    let mut text = "{\n\"nodes\": {\n".to_owned();
    for (at, (key, inputs)) in nodes.iter().enumerate() {
        let comma = if at > 0 { ",\n" } else { "" };
        let key = serde_json::to_string(key).unwrap();
        let content = if at > 0 { CONTENT } else { "\"x\": 1" };
        write!(text, "{comma}{key}: {{\"inputs\": {inputs}, {content}}}").unwrap();
    }
    text + "\n},\n\"root\": \"root\",\n\"version\": 7\n}\n"
}

fn parse(text: &str) -> Lock {
    Lock::parse(text.as_bytes()).unwrap()
}

/// Message and place of the error.
fn refused(text: impl AsRef<[u8]>) -> String {
    let error = Lock::parse(text.as_ref()).unwrap_err();
    match error.place() {
        Some(place) => format!("{place} {error}"),
        None => error.to_string(),
    }
}

fn good() -> String {
    lock(&[("root", r#"{"a": "a"}"#), ("a", "{}")])
}

#[test]
fn text_that_is_no_json() {
    assert_eq!(refused(""), "1:1 not valid JSON: it is empty");
    assert!(refused("// hi\n{}").starts_with("1:1 not valid JSON"));
    assert!(refused("{\n  \"version\": 7\n  \"x\"").starts_with("3:3 not valid JSON"));
    assert!(refused(good() + "x").starts_with("9:1 not valid JSON: trailing"));
    assert_eq!(refused(b"{\"a\": \"\xff\"}"), "1:8 not valid JSON: not UTF-8");
    assert!(refused("[]").contains("expected a lock"));
    assert!(refused("null").contains("expected a lock"));
    assert!(refused(format!("{{\"x\": {}", "[".repeat(100_000))).contains("nested too deeply"));
}

#[test]
fn attributes_are_told_by_their_place_in_the_file_and_their_depth_counts_from_its_start() {
    let text = |locked: String| {
        format!("{{\"nodes\": {{\n\"a\": {{\"locked\": {locked}}}}}, \"root\": \"a\", \"version\": 7}}")
    };
    assert_eq!(
        refused(text("true".to_owned())),
        "2:20 expected an object of attributes, found boolean `true`"
    );
    // The reader takes 127 levels, of which these attributes are the fourth.
    let nested = |levels| format!("{{\"x\": {}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert!(refused(text(nested(124))).contains("nested too deeply"));
    assert!(Lock::parse(text(nested(123)).as_bytes()).is_ok());
}

#[test]
fn byte_order_mark_and_crlf_are_read_as_nix_reads_them() {
    assert_eq!(parse(&format!("\u{feff}{}", good())), parse(&good()));
    assert_eq!(parse(&good().replace('\n', "\r\n")), parse(&good()));
}

#[test]
fn what_a_merge_leaves_behind() {
    let text = good().replace("\"root\": \"root\"", "<<<<<<< HEAD\n\"root\": \"root\"\n=======\n>>>>>>> x");
    assert_eq!(refused(text), "6:1 conflict markers of an unfinished merge");
    let twice = lock(&[("root", r#"{"a": "a"}"#), ("a", "{}"), ("a", "{}")]);
    assert_eq!(refused(&twice), "5:1 duplicate key `nodes/a`");
    let hint = Lock::parse(twice.as_bytes()).unwrap_err().hint().unwrap();
    assert!(hint.contains("node `a`"), "{hint}");
    let twice = lock(&[("root", r#"{"a": "a", "a": "b"}"#), ("a", "{}"), ("b", "{}")]);
    assert_eq!(refused(twice), "3:31 duplicate key `nodes/root/inputs/a`");
    let twice = good().replace("\"path\": \"/x\", \"type\"", "\"type\": \"x\", \"type\"");
    assert_eq!(refused(twice), "4:68 duplicate key `nodes/a/locked/type`");
    let twice = good().replace("\"version\": 7", "\"version\": 7, \"version\": 7");
    assert_eq!(refused(twice), "7:15 duplicate key `version`");
}

#[test]
fn versions() {
    for version in ["4", "8", "0", "1"] {
        let text = good().replace("\"version\": 7", &format!("\"version\": {version}"));
        assert_eq!(refused(text), format!("7:1 unsupported version {version}"));
    }
    // Another version is told even when its form is another.
    assert_eq!(refused("{\"inputs\": {}, \"nodes\": [], \"version\": 3}"), "1:29 unsupported version 3");
    assert_eq!(refused("{\"nodes\": {}, \"root\": \"root\"}"), "no `version`");
    for version in ["5", "6", "7.0"] {
        parse(&good().replace("\"version\": 7", &format!("\"version\": {version}")));
    }
}

#[test]
fn broken_structure() {
    let missing = lock(&[("root", r#"{"a": "a"}"#), ("a", r#"{"x": "c"}"#)]);
    assert_eq!(refused(missing), "4:18 reference to missing node `c` (input `x` of node `a`)");
    assert_eq!(
        refused(good().replace("\"original\"", "\"o\"")),
        "4:1 attribute `original` missing in node `a`"
    );
    assert_eq!(refused(good().replace("\"locked\"", "\"l\"")), "4:1 attribute `locked` missing in node `a`");
    assert_eq!(
        refused(good().replace("narHash", "nar")),
        "4:21 unlocked input in node `a`: neither `rev` nor `narHash`"
    );
    assert_eq!(
        refused(good().replacen("\"/x\"", "null", 1)),
        "4:55 attribute `locked.path` of node `a` is neither string, number nor boolean"
    );
    assert_eq!(refused(good().replace("\"root\": \"root\"", "\"root\": \"R\"")), "6:1 missing root node `R`");
    assert_eq!(refused(good().replace("\"root\": \"root\",", "")), "missing root node");
    let cycle = lock(&[("root", r#"{"a": "a"}"#), ("a", r#"{"x": "root"}"#)]);
    assert_eq!(refused(cycle), "4:18 cycle to the root node (input `x` of node `a`)");
    let cycle = lock(&[("root", r#"{"a": "a"}"#), ("a", r#"{"x": "b"}"#), ("b", r#"{"y": "a"}"#)]);
    assert_eq!(refused(cycle), "5:18 cycle of nodes (input `y` of node `b` leads back to it)");
    assert!(refused(lock(&[("root", r#"{"a": 5}"#)])).contains("expected the key of a node"));
    assert!(refused(lock(&[("root", r#"{"a": [5]}"#)])).contains("expected a string"));
    // Nix does not look at what the root does not reach.
    let text =
        good().replace("\"nodes\": {", "\"nodes\": {\"b\": {}, \"c\": {\"inputs\": {\"x\": \"gone\"}},");
    assert_eq!(Graph::new(&parse(&text)).unreachable(), ["b", "c"]);
}

#[test]
fn relative_paths_need_no_hash() {
    parse(&good().replace("\"narHash\": \"sha256-x\", \"path\": \"/x\"", "\"path\": \"./x\""));
}

#[test]
fn follows_that_lead_nowhere_are_read_and_told() {
    let text = lock(&[
        ("root", r#"{"a": "a", "b": ["a", "gone"], "c": ["c"]}"#),
        ("a", r#"{"p": ["a", "q"], "q": ["a", "p"], "r": ["b", "x"], "s": [], "t": ["a", "s", "a"]}"#),
    ]);
    let lock = parse(&text);
    let graph = Graph::new(&lock);
    let told: Vec<_> =
        graph.unresolved().into_iter().map(|one| (path_shown(&one.follower.path), one.why)).collect();
    let expected = [
        ("a/p", Why::Cycle),
        ("a/q", Why::Cycle),
        ("a/r", Why::Nothing),
        ("b", Why::Nothing),
        ("c", Why::Cycle),
    ];
    assert_eq!(told, expected.map(|(path, why)| (path.to_owned(), why)));
    let errors = graph.follows_errors(text.as_bytes());
    let lines: Vec<_> = errors.iter().map(|e| format!("{} {e}", e.place().unwrap())).collect();
    assert_eq!(lines[0], "4:18 input `a/p` follows `a/q`, which needs itself");
    assert_eq!(lines[3], "3:31 input `b` follows a non-existent input `a/gone`");
    assert!(matches!(errors[3], LockError::FollowsNothing { .. }));
    // Through the root itself.
    let link = graph.node_inputs("a").find(|link| link.name == "t").unwrap();
    assert_eq!(link.target, Some("a"));
}

#[test]
fn names_come_out_escaped() {
    assert_eq!(shown("a\x1b[31m\n\u{202e}ü"), "a\\u{1b}[31m\\n\\u{202e}ü");
    let text = lock(&[("root", "{\"a\\u001b[0m::error::\\n\": \"\\u0007\"}")]);
    let message = refused(text);
    assert!(!message.contains(|c: char| c.is_control()), "{message:?}");
}

#[test]
fn a_long_chain_is_cheap() {
    let mut text = "{\"nodes\":{\"root\":{\"inputs\":{\"n0\":\"n0\"}}".to_owned();
    for at in 0..100_000 {
        write!(text, ",\"n{at}\":{{{CONTENT}").unwrap();
        if at < 99_999 {
            write!(text, ",\"inputs\":{{\"x\":\"n{}\"}}", at + 1).unwrap();
        }
        text.push('}');
    }
    text.push_str("},\"root\":\"root\",\"version\":7}");
    let lock = parse(&text);
    let graph = Graph::new(&lock);
    assert_eq!((graph.nodes(), graph.max_depth()), (100_000, 100_000));
    // All have one content, yet each has another chain below it.
    assert_eq!(graph.distinct(), 100_000);
    assert_eq!(graph.inputs()[0].exclusive_nodes, 100_000);
    assert_eq!(graph.input_path("n5").unwrap().len(), 6);
    let normal = lock.normalized().unwrap();
    assert!(normal.nodes.contains_key("x_99999"));
    let nested = lock.extract(&["n0"], &BTreeMap::new()).unwrap();
    assert_eq!(nested, normal);
    assert!(lock.prune(&["n0"]).unwrap().root_inputs().is_empty());
}

#[test]
fn diamonds_of_follows_are_cheap() {
    // Each level follows the next one twice; and each by a path that passes through it.
    let mut nodes = vec![("root".to_owned(), String::new())];
    let mut root = String::from("{");
    for level in 0..40 {
        let comma = if level > 0 { "," } else { "" };
        write!(root, "{comma}\"l{level}\":\"l{level}\"").unwrap();
        let inputs = match level {
            39 => "{}".to_owned(),
            _ => {
                let next = level + 1;
                let through =
                    if level < 38 { format!("[\"l{next}\",\"a\"]") } else { format!("[\"l{next}\"]") };
                format!("{{\"a\":[\"l{next}\"],\"b\":[\"l{next}\"],\"c\":{through}}}")
            }
        };
        nodes.push((format!("l{level}"), inputs));
    }
    nodes[0].1 = root + "}";
    let nodes: Vec<_> = nodes.iter().map(|(key, inputs)| (key.as_str(), inputs.as_str())).collect();
    let lock = parse(&lock(&nodes));
    let graph = Graph::new(&lock);
    assert_eq!(graph.unresolved_count(), 0);
    let inputs = graph.inputs();
    assert_eq!(inputs.iter().find(|input| input.name == "l0").unwrap().reachable_nodes, 40);
    assert_eq!(lock.follows_leaving(&["l0"]).len(), 39);
}

#[test]
fn diamonds_of_shared_nodes_are_bounded() {
    let mut nodes = vec![("root".to_owned(), r#"{"a":"l0"}"#.to_owned())];
    for level in 0..40 {
        let inputs = format!(r#"{{"a":"l{0}","b":"l{0}"}}"#, level + 1);
        nodes.push((format!("l{level}"), inputs));
    }
    nodes.push(("l40".to_owned(), "{}".to_owned()));
    let nodes: Vec<_> = nodes.iter().map(|(key, inputs)| (key.as_str(), inputs.as_str())).collect();
    let lock = parse(&lock(&nodes));
    assert!(matches!(lock.normalized(), Err(LockError::TooManyNodes { .. })));
    assert!(matches!(lock.prune(&[]), Err(PruneError::Lock(LockError::TooManyNodes { .. }))));
    assert_eq!(Graph::new(&lock).nodes(), 41);
    assert_eq!(Graph::new(&lock).max_depth(), 41);
}

#[test]
fn a_long_chain_of_follows_is_cheap() {
    let mut text = "{\"nodes\":{\"a\":{\"locked\":{\"rev\":\"x\",\"type\":\"git\"},\"original\":{\"type\":\"git\"}},\"root\":{\"inputs\":{\"n50000\":\"a\"".to_owned();
    for at in 0..50_000 {
        write!(text, ",\"n{at}\":[\"n{}\"]", at + 1).unwrap();
    }
    text.push_str("}}},\"root\":\"root\",\"version\":7}");
    let lock = parse(&text);
    let graph = Graph::new(&lock);
    assert_eq!(graph.unresolved_count(), 0);
    assert!(graph.inputs().iter().all(|input| input.node == Some("a")));
}
