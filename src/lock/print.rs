//! How a lock is written: by hand and not through serde, because most of the time that it takes to
//! normalize a lock goes here.

use std::ops::Range;

use serde_json::Value;

use super::attrs::Attrs;
use super::document::{Edge, Node};
use super::index::FastMap;
use super::layout::{Placed, ROOT};
use super::map::Name;

/// What is printed.
pub(super) struct Document<'a> {
    pub(super) version: u64,
    pub(super) root: &'a str,
    /// In byte order of the keys.
    pub(super) nodes: Vec<(&'a str, NodeView<'a>)>,
    pub(super) extra: &'a Attrs,
}

pub(super) struct NodeView<'a> {
    pub(super) node: &'a Node,
    /// Where keys are given anew: the places of the children, in order of the edges that are
    /// nodes, and what stands at each place.
    pub(super) renamed: Option<(&'a [u32], &'a [Placed<'a>])>,
}

/// Prints laid-out nodes, without a copy of them.
pub(super) fn print_layout(placed: &[Placed<'_>], extra: &Attrs) -> Vec<u8> {
    let mut ordered: Vec<&Placed<'_>> = placed.iter().collect();
    // Most locks have the right keys already: in the order of these, nothing is left for the second sort.
    ordered.sort_by_key(|at| at.number);
    ordered.sort_by_key(|at| at.key.as_str());
    let nodes = ordered.into_iter().map(|at| {
        let renamed = Some((at.children.as_slice(), placed));
        (at.key.as_str(), NodeView { node: at.node, renamed })
    });
    let nodes = nodes.collect();
    print(&Document { version: super::WRITTEN_VERSION, root: ROOT, nodes, extra })
}

pub(super) fn print(document: &Document<'_>) -> Vec<u8> {
    let bytes = Vec::with_capacity(256 + 512 * document.nodes.len());
    let mut printer = Printer { bytes, depth: 0, printed: FastMap::default() };
    let fields = [
        ("nodes", Field::Nodes(&document.nodes)),
        ("root", Field::Str(document.root)),
        ("version", Field::Number(document.version)),
    ];
    printer.fields(fields.into_iter().collect(), document.extra);
    printer.bytes.push(b'\n');
    printer.bytes
}

enum Field<'a> {
    Nodes(&'a [(&'a str, NodeView<'a>)]),
    Node(&'a NodeView<'a>),
    Inputs(&'a NodeView<'a>),
    Attrs(&'a Attrs),
    Bool(bool),
    Number(u64),
    Str(&'a str),
    Path(&'a [Name]),
    Value(&'a Value),
}

struct Printer {
    bytes: Vec<u8>,
    depth: usize,
    /// Where attributes stand already, which many nodes share. They all stand at the same depth.
    printed: FastMap<usize, Range<usize>>,
}

impl Printer {
    fn field(&mut self, field: &Field<'_>) {
        match field {
            Field::Nodes(nodes) => {
                let nodes = nodes.iter();
                self.object(nodes.map(|(key, view)| (*key, Field::Node(view))));
            }
            Field::Node(view) => self.node(view),
            Field::Inputs(view) => self.inputs(view),
            Field::Attrs(attrs) => self.attrs(attrs),
            Field::Bool(true) => self.bytes.extend(b"true"),
            Field::Bool(false) => self.bytes.extend(b"false"),
            Field::Number(number) => self.bytes.extend(number.to_string().into_bytes()),
            Field::Str(str) => self.string(str),
            Field::Path(path) => self.array(path.iter().map(|name| Field::Str(name))),
            Field::Value(value) => self.value(value),
        }
    }

    fn attrs(&mut self, attrs: &Attrs) {
        if let Some(printed) = self.printed.get(&attrs.identity()) {
            self.bytes.extend_from_within(printed.clone());
            return;
        }
        let start = self.bytes.len();
        self.object(attrs.iter().map(|(key, value)| (key, Field::Value(value))));
        self.printed.insert(attrs.identity(), start..self.bytes.len());
    }

    fn object<'a>(&mut self, fields: impl Iterator<Item = (&'a str, Field<'a>)>) {
        self.bytes.push(b'{');
        self.depth += 1;
        let mut empty = true;
        for (key, field) in fields {
            self.next(&mut empty);
            self.string(key);
            self.bytes.extend(b": ");
            self.field(&field);
        }
        self.close(empty, b'}');
    }

    fn array<'a>(&mut self, elements: impl Iterator<Item = Field<'a>>) {
        self.bytes.push(b'[');
        self.depth += 1;
        let mut empty = true;
        for element in elements {
            self.next(&mut empty);
            self.field(&element);
        }
        self.close(empty, b']');
    }

    fn next(&mut self, empty: &mut bool) {
        if !std::mem::replace(empty, false) {
            self.bytes.push(b',');
        }
        self.line();
    }

    fn close(&mut self, empty: bool, bracket: u8) {
        self.depth -= 1;
        if !empty {
            self.line();
        }
        self.bytes.push(bracket);
    }

    fn line(&mut self) {
        const SPACES: &[u8; 17] = b"\n                ";
        match SPACES.get(..1 + 2 * self.depth) {
            Some(line) => self.bytes.extend(line),
            None => {
                self.bytes.push(b'\n');
                self.bytes.resize(self.bytes.len() + 2 * self.depth, b' ');
            }
        }
    }

    /// An object of `fields`, which are sorted, and `extra`.
    fn fields<'a>(&mut self, mut fields: Vec<(&'a str, Field<'a>)>, extra: &'a Attrs) {
        if !extra.is_empty() {
            fields.extend(extra.iter().map(|(key, value)| (key, Field::Value(value))));
            // Stable, so that of two with one name our own is first; then the other goes.
            fields.sort_by_key(|(key, _)| *key);
            fields.dedup_by_key(|(key, _)| *key);
        }
        self.object(fields.into_iter());
    }

    fn node(&mut self, view: &NodeView<'_>) {
        let node = view.node;
        // Pushed in byte order.
        let mut fields = Vec::with_capacity(5);
        if !node.flake {
            fields.push(("flake", Field::Bool(false)));
        }
        if !node.inputs.is_empty() {
            fields.push(("inputs", Field::Inputs(view)));
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
        self.fields(fields, &node.extra);
    }

    fn inputs(&mut self, view: &NodeView<'_>) {
        let mut child = 0;
        let edges = view.node.inputs.iter().map(|(name, edge)| {
            let field = match edge {
                Edge::Follows(path) => Field::Path(path),
                Edge::Node(key) => {
                    let renamed = view
                        .renamed
                        .and_then(|(children, placed)| placed.get(*children.get(child)? as usize));
                    child += 1;
                    Field::Str(renamed.map_or(key, |at| &at.key))
                }
            };
            (name.as_str(), field)
        });
        self.object(edges);
    }

    /// Recursion is bounded: the reader takes no more than 128 levels.
    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.bytes.extend(b"null"),
            Value::Bool(bool) => self.field(&Field::Bool(*bool)),
            Value::Number(number) => self.bytes.extend(number.to_string().into_bytes()),
            Value::String(str) => self.string(str),
            Value::Array(values) => self.array(values.iter().map(Field::Value)),
            Value::Object(map) => {
                let entries = map.iter();
                self.object(entries.map(|(key, value)| (key.as_str(), Field::Value(value))));
            }
        }
    }

    /// A string, escaped as nlohmann's JSON library does it for Nix: only what must be.
    fn string(&mut self, str: &str) {
        self.bytes.push(b'"');
        let mut rest = str.as_bytes();
        // Without a way out of the loop, which is fastest for the many strings that have nothing to escape.
        if !rest.iter().fold(false, |odd, byte| odd | is_escaped(*byte)) {
            self.bytes.extend(rest);
            self.bytes.push(b'"');
            return;
        }
        while let Some(at) = rest.iter().position(|byte| is_escaped(*byte)) {
            let (plain, tail) = rest.split_at(at);
            self.bytes.extend(plain);
            let Some((byte, tail)) = tail.split_first() else {
                break;
            };
            match byte {
                b'"' => self.bytes.extend(b"\\\""),
                b'\\' => self.bytes.extend(b"\\\\"),
                b'\n' => self.bytes.extend(b"\\n"),
                b'\r' => self.bytes.extend(b"\\r"),
                b'\t' => self.bytes.extend(b"\\t"),
                0x08 => self.bytes.extend(b"\\b"),
                0x0c => self.bytes.extend(b"\\f"),
                byte => self.bytes.extend(format!("\\u{byte:04x}").into_bytes()),
            }
            rest = tail;
        }
        self.bytes.extend(rest);
        self.bytes.push(b'"');
    }
}

fn is_escaped(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}
