//! How a lock is written: by hand and not through serde, because most of the time that it takes to
//! normalize a lock goes here.

use std::io::{self, Write};
use std::ops::Range;

use serde_json::Value;

use super::LARGE;
use super::attrs::Attrs;
use super::document::{Edge, Node};
use super::index::FastMap;
use super::map::Name;
use super::normalize::KeysBelow;

/// What is printed.
pub(super) struct Document<'a> {
    pub(super) version: u64,
    pub(super) root: &'a str,
    /// In byte order of the keys.
    pub(super) nodes: &'a [(&'a str, NodeView<'a>)],
    pub(super) extra: &'a Attrs,
}

pub(super) struct NodeView<'a> {
    pub(super) node: &'a Node,
    /// Where keys are given anew: those of the edges that are nodes, in their order.
    pub(super) keys: Option<KeysBelow<'a>>,
    /// Whether it is the root of what Nix would write, which has only inputs.
    pub(super) is_root: bool,
}

/// Prints a lock, some nodes at a time.
pub(super) fn print(document: Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut printer = Printer::new(out, 0);
    let fields = [
        ("nodes", Field::Nodes(document.nodes)),
        ("root", Field::Str(document.root)),
        ("version", Field::Number(document.version)),
    ];
    printer.fields(fields.into_iter().collect(), document.extra);
    printer.bytes.push(b'\n');
    printer.flush();
    printer.result
}

/// Prints the attributes of a node as they stand in a lock.
pub(super) fn print_attrs(attrs: &Attrs) -> Vec<u8> {
    let mut sink = io::sink();
    let mut printer = Printer::new(&mut sink, ATTRS_DEPTH);
    printer.attrs(attrs);
    printer.bytes
}

/// In how many objects the attributes of a node stand.
const ATTRS_DEPTH: usize = 3;

enum Field<'a> {
    Nodes(&'a [(&'a str, NodeView<'a>)]),
    Inputs(&'a NodeView<'a>),
    Attrs(&'a Attrs),
    Bool(bool),
    Number(u64),
    Str(&'a str),
    Path(&'a [Name]),
    Value(&'a Value),
}

/// From so many bytes on they go out.
const PIECE: usize = 64 << 10;

struct Printer<'o> {
    out: &'o mut dyn Write,
    /// What came of writing.
    result: io::Result<()>,
    /// What is not written yet.
    bytes: Vec<u8>,
    depth: usize,
    known: Known,
}

/// Attributes that are printed already, which many nodes share. They all stand at the same depth.
#[derive(Default)]
struct Known {
    text: Vec<u8>,
    places: FastMap<usize, Range<usize>>,
}

impl<'o> Printer<'o> {
    fn new(out: &'o mut dyn Write, depth: usize) -> Printer<'o> {
        Printer { out, result: Ok(()), bytes: Vec::new(), depth, known: Known::default() }
    }

    fn flush(&mut self) {
        if self.result.is_ok() {
            self.result = self.out.write_all(&self.bytes);
        }
        self.bytes.clear();
    }

    fn field(&mut self, field: Field<'_>) {
        match field {
            Field::Nodes(nodes) => self.nodes(nodes),
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

    fn nodes(&mut self, nodes: &[(&str, NodeView<'_>)]) {
        self.bytes.push(b'{');
        self.depth += 1;
        let mut empty = true;
        if nodes.len() < LARGE {
            self.each(nodes, &mut empty);
        } else {
            // A thread of its own prints the second half.
            let (nodes, behind) = nodes.split_at(nodes.len() / 2);
            let depth = self.depth;
            let behind = std::thread::scope(|scope| {
                let behind = scope.spawn(|| {
                    let mut bytes = Vec::new();
                    let mut printer = Printer::new(&mut bytes, depth);
                    printer.each(behind, &mut false);
                    printer.flush();
                    bytes
                });
                self.each(nodes, &mut empty);
                behind.join()
            });
            match behind {
                Ok(behind) => self.pass(&behind),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        self.close(empty, b'}');
    }

    fn each(&mut self, nodes: &[(&str, NodeView<'_>)], empty: &mut bool) {
        for (key, view) in nodes {
            self.next(empty);
            self.string(key);
            self.bytes.extend(b": ");
            self.node(view);
            if self.bytes.len() >= PIECE {
                self.flush();
            }
            if self.result.is_err() {
                break;
            }
        }
    }

    /// What is printed already.
    fn pass(&mut self, printed: &[u8]) {
        self.flush();
        if self.result.is_ok() {
            self.result = self.out.write_all(printed);
        }
    }

    fn attrs(&mut self, attrs: &Attrs) {
        if let Some(place) = self.known.places.get(&attrs.identity()) {
            self.bytes.extend(self.known.text.get(place.clone()).unwrap_or_default());
            return;
        }
        let start = self.bytes.len();
        self.object(attrs.iter().map(|(key, value)| (key, Field::Value(value))));
        let printed = self.bytes.get(start..).unwrap_or_default();
        let place = self.known.text.len()..self.known.text.len() + printed.len();
        self.known.text.extend(printed);
        self.known.places.insert(attrs.identity(), place);
    }

    fn object<'a>(&mut self, fields: impl Iterator<Item = (&'a str, Field<'a>)>) {
        self.bytes.push(b'{');
        self.depth += 1;
        let mut empty = true;
        for (key, field) in fields {
            self.next(&mut empty);
            self.string(key);
            self.bytes.extend(b": ");
            self.field(field);
        }
        self.close(empty, b'}');
    }

    fn array<'a>(&mut self, elements: impl Iterator<Item = Field<'a>>) {
        self.bytes.push(b'[');
        self.depth += 1;
        let mut empty = true;
        for element in elements {
            self.next(&mut empty);
            self.field(element);
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
        if !node.flake && !view.is_root {
            fields.push(("flake", Field::Bool(false)));
        }
        if !node.inputs.is_empty() {
            fields.push(("inputs", Field::Inputs(view)));
        }
        if !view.is_root {
            let attrs = [("locked", &node.locked), ("original", &node.original)];
            fields.extend(
                attrs.into_iter().filter_map(|(name, attrs)| Some((name, Field::Attrs(attrs.as_ref()?)))),
            );
            fields.extend(node.parent.as_ref().map(|parent| ("parent", Field::Path(parent))));
        }
        self.fields(fields, &node.extra);
    }

    fn inputs(&mut self, view: &NodeView<'_>) {
        let mut keys = view.keys.clone();
        let edges = view.node.inputs.iter().map(|(name, edge)| {
            let field = match edge {
                Edge::Follows(path) => Field::Path(path),
                Edge::Node(key) => Field::Str(keys.as_mut().and_then(Iterator::next).unwrap_or(key)),
            };
            (name.as_str(), field)
        });
        self.object(edges);
    }

    /// Recursion is bounded: the reader takes no more than 128 levels.
    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.bytes.extend(b"null"),
            Value::Bool(bool) => self.field(Field::Bool(*bool)),
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
