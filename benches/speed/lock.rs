//! Locks of any size, the same in every run: shaped like real ones, but with more follows.

use flakepart::lock::Lock;
use serde_json::{Map, Value, json};

use super::Random;

/// The deepest node is so far from the root, and the longest follows so long.
const DEEPEST: usize = 13;

/// Names of inputs, which repeat in every subtree as in real locks.
const NAMES: [&str; 24] = [
    "cachix",
    "crane",
    "devshell",
    "fenix",
    "flake-compat",
    "flake-parts",
    "flake-utils",
    "gitignore",
    "haskell-nix",
    "home-manager",
    "lib",
    "naersk",
    "nix",
    "nix-darwin",
    "nixpkgs",
    "nixpkgs-stable",
    "nixpkgs-unstable",
    "nur",
    "poetry2nix",
    "pre-commit-hooks",
    "rust-overlay",
    "systems",
    "treefmt-nix",
    "utils",
];

/// A node while the lock grows.
struct Node {
    /// Its input path.
    path: Vec<String>,
    /// Which flake it is: nodes of one name and number are pinned to the same.
    flake: (usize, u64),
    inputs: Map<String, Value>,
}

/// A lock with so many nodes besides the root, as Nix would write it. Each node has one edge that
/// leads to it, and there is one follows for every two of these: a third of all edges.
pub fn lock(count: usize) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut random = Random(0x5eed);
    let mut nodes = vec![Node { path: Vec::new(), flake: (0, 0), inputs: Map::new() }];
    // Input paths that lead somewhere, those of follows among them.
    let mut paths: Vec<Vec<String>> = Vec::new();
    while nodes.len() <= count {
        // Half of the nodes hang below one of the newest, which makes the tree deep.
        let newest = random.below(2) == 0;
        let parent = match nodes.len() {
            few if few <= 12 => 0,
            many if newest => many - 1 - random.below(24.min(many)),
            many => random.below(many),
        };
        let number = nodes.len();
        let Some(node) = nodes.get_mut(parent).filter(|node| node.path.len() < DEEPEST) else { continue };
        let name = random.below(NAMES.len());
        let flake = (name, random.below(8) as u64);
        let path = child(node, name);
        node.inputs.insert(last(&path), json!(number.to_string()));
        paths.push(path.clone());
        nodes.push(Node { path, flake, inputs: Map::new() });

        if number % 2 == 0 {
            let target = paths.get(random.below(paths.len())).cloned().unwrap_or_default();
            let from = 1 + random.below(number);
            if let Some(node) = nodes.get_mut(from) {
                let path = child(node, random.below(NAMES.len()));
                node.inputs.insert(last(&path), json!(target));
                if path.len() <= DEEPEST {
                    paths.push(path);
                }
            }
        }
    }

    let numbered = nodes.into_iter().enumerate();
    let document: Map<String, Value> =
        numbered.map(|(number, node)| (number.to_string(), written(number, node))).collect();
    let text = json!({ "nodes": document, "root": "0", "version": 7 }).to_string();
    Ok(Lock::parse(text.as_bytes())?.normal()?.to_bytes())
}

/// The path of a new input of `node`: a name, with a number behind it where it is taken.
fn child(node: &Node, name: usize) -> Vec<String> {
    let name = NAMES.get(name).copied().unwrap_or_default();
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !node.inputs.contains_key(name));
    node.path.iter().cloned().chain(free).collect()
}

fn last(path: &[String]) -> String {
    path.last().cloned().unwrap_or_default()
}

/// A node as it stands in the file.
fn written(number: usize, node: Node) -> Value {
    if number == 0 {
        return json!({ "inputs": node.inputs });
    }
    let (name, revision) = node.flake;
    let repo = NAMES.get(name).copied().unwrap_or_default();
    let mut digits = Random(name as u64 * 1000 + revision + 1);
    let mut pick = |alphabet: &[u8], length| {
        let digits = (0..length).map(|_| alphabet.get(digits.below(alphabet.len())).copied().unwrap_or(b'0'));
        digits.map(char::from).collect::<String>()
    };
    let rev = pick(b"0123456789abcdef", 40);
    let hash = pick(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 43);
    json!({
        "inputs": node.inputs,
        "locked": {
            "lastModified": 1_700_000_000 + revision,
            "narHash": format!("sha256-{hash}="),
            "owner": "synthetic",
            "repo": repo,
            "rev": rev,
            "type": "github",
        },
        "original": { "owner": "synthetic", "repo": repo, "type": "github" },
    })
}
