//! flake.lock as a document: its types, and how it is written.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::attrs::Attrs;
use super::layout::Placed;

/// A flake.lock, as it stands in the file: keys as they are, unreachable nodes included.
#[derive(Debug, Clone, PartialEq)]
pub struct Lock {
    /// The format's version: 5, 6 or 7.
    pub version: u64,
    /// The key in `nodes` of the flake itself.
    pub root: String,
    /// All nodes by their key, the root's among them.
    pub nodes: BTreeMap<String, Node>,
    /// Fields of the document that are not known here, carried along.
    pub extra: Attrs,
}

/// A node: a locked input, or the root.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The node's inputs by name, in byte order, which is Nix's order.
    pub inputs: BTreeMap<String, Edge>,
    /// What the input is pinned to. Only the root and unreachable nodes may lack it. The `info`
    /// of old formats is merged in when read.
    pub locked: Option<Attrs>,
    /// The reference that flake.nix gives. Only the root and unreachable nodes may lack it.
    pub original: Option<Attrs>,
    /// Whether the input is a flake; `flake = false` inputs are just a tree.
    pub flake: bool,
    /// For relative path inputs (Nix >= 2.26): the input path of the flake that declares it,
    /// empty for the root.
    pub parent: Option<Vec<String>>,
    /// Fields of the node that are not known here, carried along.
    pub extra: Attrs,
}

/// What an input of a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edge {
    /// A node of its own, by key.
    Node(String),
    /// The same as another input: an input path, always from the lock's root. The empty path is
    /// the root flake itself, which is what `follows = ""` becomes.
    Follows(Vec<String>),
}

impl Default for Node {
    /// A node without anything, as the root of a flake without inputs.
    fn default() -> Node {
        Node {
            inputs: BTreeMap::new(),
            locked: None,
            original: None,
            flake: true,
            parent: None,
            extra: Attrs::default(),
        }
    }
}

/// What [`Lock::root_inputs`] gives where there is no root node.
static NO_INPUTS: BTreeMap<String, Edge> = BTreeMap::new();

impl Lock {
    /// The inputs of the flake itself, by name.
    pub fn root_inputs(&self) -> &BTreeMap<String, Edge> {
        self.nodes.get(&self.root).map_or(&NO_INPUTS, |root| &root.inputs)
    }

    /// The document as Nix would print it, keys as they are: every object sorted by bytes, two
    /// spaces of indentation, UTF-8 not escaped, one newline at the end.
    ///
    /// Nix: `src/libexpr/flake/lockfile.cc`, `LockFile::to_string`.
    pub fn to_bytes(&self) -> Vec<u8> {
        print(&Document {
            version: self.version,
            root: &self.root,
            nodes: self
                .nodes
                .iter()
                .map(|(key, node)| {
                    let renamed = None;
                    (key.as_str(), NodeView { node, renamed })
                })
                .collect(),
            extra: &self.extra,
        })
    }
}

/// Prints laid-out nodes, without a copy of them.
pub(super) fn print_layout(placed: &[Placed<'_>], extra: &Attrs) -> Vec<u8> {
    let mut nodes: Vec<_> = placed
        .iter()
        .map(|at| {
            let renamed = Some((at.children.as_slice(), placed));
            let node = at.node;
            (at.key.as_str(), NodeView { node, renamed })
        })
        .collect();
    nodes.sort_unstable_by_key(|(key, _)| *key);
    print(&Document { version: super::WRITTEN_VERSION, root: super::layout::ROOT, nodes, extra })
}

fn print(document: &Document<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256 + 512 * document.nodes.len());
    // Cannot fail: a Vec takes every write, and all keys are strings.
    let written = serde_json::to_writer_pretty(&mut bytes, document);
    debug_assert!(written.is_ok());
    bytes.push(b'\n');
    bytes
}

struct Document<'a> {
    version: u64,
    root: &'a str,
    /// In byte order of the keys.
    nodes: Vec<(&'a str, NodeView<'a>)>,
    extra: &'a Attrs,
}

struct NodeView<'a> {
    node: &'a Node,
    /// Where keys are given anew: the places of the children, in order of the edges that are
    /// nodes, and what stands at each place.
    renamed: Option<(&'a [u32], &'a [Placed<'a>])>,
}

/// Serializes `fields` and `extra` as one object sorted by bytes.
fn sorted<'a, S: Serializer>(
    serializer: S,
    mut fields: Vec<(&'a str, Field<'a>)>,
    extra: &'a Attrs,
) -> Result<S::Ok, S::Error> {
    if !extra.is_empty() {
        fields.extend(extra.iter().map(|(key, value)| (key, Field::Value(value))));
        // Stable, so that of two with one name our own is first; then the other goes.
        fields.sort_by_key(|(key, _)| *key);
        fields.dedup_by_key(|(key, _)| *key);
    }
    let mut map = serializer.serialize_map(Some(fields.len()))?;
    for (key, field) in &fields {
        map.serialize_entry(key, field)?;
    }
    map.end()
}

enum Field<'a> {
    Nodes(&'a [(&'a str, NodeView<'a>)]),
    Inputs(&'a NodeView<'a>),
    Attrs(&'a Attrs),
    Bool(bool),
    Number(u64),
    Str(&'a str),
    Path(&'a [String]),
    Value(&'a serde_json::Value),
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Field::Nodes(nodes) => serializer.collect_map(nodes.iter().map(|(key, node)| (key, node))),
            Field::Inputs(view) => view.serialize_inputs(serializer),
            Field::Attrs(attrs) => attrs.serialize(serializer),
            Field::Bool(bool) => bool.serialize(serializer),
            Field::Number(number) => number.serialize(serializer),
            Field::Str(str) => str.serialize(serializer),
            Field::Path(path) => path.serialize(serializer),
            Field::Value(value) => value.serialize(serializer),
        }
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = vec![
            ("nodes", Field::Nodes(&self.nodes)),
            ("root", Field::Str(self.root)),
            ("version", Field::Number(self.version)),
        ];
        sorted(serializer, fields, self.extra)
    }
}

impl Serialize for NodeView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let node = self.node;
        // Pushed in byte order.
        let mut fields = Vec::with_capacity(5);
        if !node.flake {
            fields.push(("flake", Field::Bool(false)));
        }
        if !node.inputs.is_empty() {
            fields.push(("inputs", Field::Inputs(self)));
        }
        if let Some(locked) = &node.locked {
            fields.push(("locked", Field::Attrs(locked)));
        }
        if let Some(original) = &node.original {
            fields.push(("original", Field::Attrs(original)));
        }
        if let Some(parent) = &node.parent {
            fields.push(("parent", Field::Path(parent)));
        }
        sorted(serializer, fields, &node.extra)
    }
}

impl NodeView<'_> {
    fn serialize_inputs<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.node.inputs.len()))?;
        let mut child = 0;
        for (name, edge) in &self.node.inputs {
            match edge {
                Edge::Follows(path) => map.serialize_entry(name, path)?,
                Edge::Node(key) => {
                    let renamed = self
                        .renamed
                        .and_then(|(children, placed)| placed.get(*children.get(child)? as usize));
                    child += 1;
                    map.serialize_entry(name, renamed.map_or(key.as_str(), |at| &at.key))?;
                }
            }
        }
        map.end()
    }
}
