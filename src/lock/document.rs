//! flake.lock as a document: its types, and how it is written.

use super::attrs::Attrs;
use super::map::{Map, Name};
use super::print::{Document, NodeView, print};

/// A flake.lock, as it stands in the file: keys as they are, unreachable nodes included.
#[derive(Debug, Clone, PartialEq)]
pub struct Lock {
    /// The format's version: 5, 6 or 7.
    pub version: u64,
    /// The key in `nodes` of the flake itself.
    pub root: Name,
    /// All nodes by their key, the root's among them.
    pub nodes: Map<Node>,
    /// Fields of the document that are not known here, carried along.
    pub extra: Attrs,
}

/// A node: a locked input, or the root.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The node's inputs by name, in byte order, which is Nix's order.
    pub inputs: Map<Edge>,
    /// What the input is pinned to. Only the root and unreachable nodes may lack it. The `info`
    /// of old formats is merged in when read.
    pub locked: Option<Attrs>,
    /// The reference that flake.nix gives. Only the root and unreachable nodes may lack it.
    pub original: Option<Attrs>,
    /// Whether the input is a flake; `flake = false` inputs are just a tree.
    pub flake: bool,
    /// For relative path inputs (Nix >= 2.26): the input path of the flake that declares it,
    /// empty for the root.
    pub parent: Option<Vec<Name>>,
    /// Fields of the node that are not known here, carried along.
    pub extra: Attrs,
}

/// What an input of a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edge {
    /// A node of its own, by key.
    Node(Name),
    /// The same as another input: an input path, always from the lock's root. The empty path is
    /// the root flake itself, which is what `follows = ""` becomes.
    Follows(Vec<Name>),
}

impl Default for Node {
    /// A node without anything, as the root of a flake without inputs.
    fn default() -> Node {
        Node {
            inputs: Map::new(),
            locked: None,
            original: None,
            flake: true,
            parent: None,
            extra: Attrs::default(),
        }
    }
}

/// What [`Lock::root_inputs`] gives where there is no root node.
static NO_INPUTS: Map<Edge> = Map::new();

impl Lock {
    /// The inputs of the flake itself, by name.
    pub fn root_inputs(&self) -> &Map<Edge> {
        self.nodes.get(&self.root).map_or(&NO_INPUTS, |root| &root.inputs)
    }

    /// The document as Nix would print it, keys as they are: every object sorted by bytes, two
    /// spaces of indentation, UTF-8 not escaped, one newline at the end.
    ///
    /// Nix: `src/libexpr/flake/lockfile.cc`, `LockFile::to_string`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let view = |(key, node)| (Name::as_str(key), NodeView { node, keys: None, is_root: false });
        let nodes: Vec<_> = self.nodes.iter().map(view).collect();
        let document =
            Document { version: self.version, root: &self.root, nodes: &nodes, extra: &self.extra };
        let mut bytes = Vec::with_capacity(512 * self.nodes.len());
        // A vector takes all.
        let _ = print(document, &mut bytes);
        bytes
    }
}
