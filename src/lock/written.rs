//! Reads a lock in the form in which Nix writes it, as nearly all are: byte by byte what is expected, several
//! times as fast as a reader of any JSON. Whatever is different in the least is left to that one, so that a
//! lock that was read here prints as the same bytes again.
//!
//! The same attributes stand at many nodes of a large lock (3,952 nodes of a real one are pinned to 333
//! different things). Each text of attributes is read once; the nodes share what it says.

use super::attrs::Attrs;
use super::document::{Edge, Lock, Node};
use super::index::FastMap;
use super::map::{Map, Name};
use super::print::print_attrs;

/// From so many bytes on, starting a thread pays.
const LARGE: usize = 1 << 20;

/// So many bytes a node has, about.
const NODE: usize = 512;

/// What stands between two nodes: behind the first, and before the key of the second.
const BETWEEN: (&str, &str) = ("\n    }", ",\n    \"");

/// The lock in this text, where the text has Nix's form in version 7.
pub(super) fn read(text: &str) -> Option<Lock> {
    let text = text.strip_prefix("{\n  \"nodes\": {\n    \"")?.strip_suffix(",\n  \"version\": 7\n}\n")?;
    let (text, root) = text.rsplit_once("\n  },\n  \"root\": \"")?;
    let root = Reader::new(root).all(Reader::string)?;
    let nodes = match halves(text).filter(|_| text.len() >= LARGE) {
        Some((text, other)) => std::thread::scope(|scope| {
            let other = scope.spawn(|| Reader::new(other).all(Reader::nodes));
            let mut nodes = Reader::new(text).all(Reader::nodes)?;
            nodes.extend(other.join().ok()??);
            Some(nodes)
        })?,
        None => Reader::new(text).all(Reader::nodes)?,
    };
    Some(Lock { version: 7, root, nodes: Map::of_sorted(nodes)?, extra: Attrs::default() })
}

/// The nodes in the first and in the second half of the text.
fn halves(text: &str) -> Option<(&str, &str)> {
    let middle = (text.len() / 2..text.len()).find(|at| text.is_char_boundary(*at))?;
    let (behind, before) = BETWEEN;
    let between = text.get(middle..)?.find(&[behind, before].concat())?;
    let (first, second) = text.split_at_checked(middle + between + behind.len())?;
    Some((first, second.strip_prefix(before)?))
}

struct Reader<'t> {
    rest: &'t str,
    /// Attributes by their text.
    known: FastMap<&'t str, Attrs>,
    /// Room for the inputs of a node and for a path, which then take as much as they need.
    inputs: Vec<(Name, Edge)>,
    path: Vec<Name>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Reader<'t> {
        Reader { rest: text, known: FastMap::default(), inputs: Vec::new(), path: Vec::new() }
    }

    /// What `read` makes of all of the text.
    fn all<T>(mut self, read: impl FnOnce(&mut Reader<'t>) -> Option<T>) -> Option<T> {
        let read = read(&mut self)?;
        self.rest.is_empty().then_some(read)
    }

    fn eat(&mut self, expected: &str) -> bool {
        let rest = self.rest.strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn must(&mut self, expected: &str) -> Option<()> {
        self.eat(expected).then_some(())
    }

    /// The rest of a string in which nothing is escaped, without its first quotation mark.
    fn string(&mut self) -> Option<Name> {
        let end = self.rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        let (string, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.strip_prefix('"')?;
        Some(string.into())
    }

    /// Nodes with their keys, without the first quotation mark.
    fn nodes(&mut self) -> Option<Vec<(Name, Node)>> {
        let mut nodes = Vec::with_capacity(self.rest.len() / NODE);
        loop {
            let key = self.string()?;
            self.must(": ")?;
            nodes.push((key, self.node()?));
            if !self.eat(BETWEEN.1) {
                return Some(nodes);
            }
        }
    }

    fn node(&mut self) -> Option<Node> {
        let mut node = Node::default();
        if self.eat("{}") {
            return Some(node);
        }
        self.must("{")?;
        const FIRST: &str = "\n      \"";
        let mut line = FIRST;
        let mut field = |reader: &mut Self, name: &str| {
            let rest = reader.rest.strip_prefix(line).and_then(|rest| rest.strip_prefix(name));
            if let Some(rest) = rest {
                reader.rest = rest;
                line = ",\n      \"";
            }
            rest.is_some()
        };
        if field(self, "flake\": false") {
            node.flake = false;
        }
        if field(self, "inputs\": ") {
            node.inputs = self.inputs()?;
        }
        if field(self, "locked\": ") {
            node.locked = Some(self.attrs()?);
        }
        if field(self, "original\": ") {
            node.original = Some(self.attrs()?);
        }
        if field(self, "parent\": ") {
            node.parent = Some(self.path("\n        \"", "\n      ]")?);
        }
        if line == FIRST {
            return None;
        }
        self.must(BETWEEN.0)?;
        Some(node)
    }

    fn inputs(&mut self) -> Option<Map<Edge>> {
        self.must("{\n        \"")?;
        loop {
            let name = self.string()?;
            self.must(": ")?;
            let edge = match self.eat("\"") {
                true => Edge::Node(self.string()?),
                false => Edge::Follows(self.path("\n          \"", "\n        ]")?),
            };
            self.inputs.push((name, edge));
            if !self.eat(",\n        \"") {
                break;
            }
        }
        self.must("\n      }")?;
        Map::of_sorted(self.inputs.drain(..).collect())
    }

    /// An array of strings: what stands before each, and behind all.
    fn path(&mut self, before: &str, behind: &str) -> Option<Vec<Name>> {
        if self.eat("[]") {
            return Some(Vec::new());
        }
        self.must("[")?;
        loop {
            self.must(before)?;
            let name = self.string()?;
            self.path.push(name);
            if !self.eat(",") {
                break;
            }
        }
        self.must(behind)?;
        Some(self.path.drain(..).collect())
    }

    fn attrs(&mut self) -> Option<Attrs> {
        // With a bracket in a string this is no JSON.
        let (text, rest) = self.rest.split_at_checked(self.rest.find('}')? + 1)?;
        self.rest = rest;
        if let Some(attrs) = self.known.get(text) {
            return Some(attrs.clone());
        }
        let attrs: Attrs = serde_json::from_str(text).ok()?;
        if print_attrs(&attrs) != text.as_bytes() {
            return None;
        }
        self.known.insert(text, attrs.clone());
        Some(attrs)
    }
}
