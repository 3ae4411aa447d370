//! The code of one file as an array of nodes: what rnix read, without white space, comments and
//! punctuation. It is a fraction of the size of rnix's tree, many threads may read it, and a node of it
//! is a number, which values that are followed through a whole flake are compared and remembered by.

use std::fmt;
use std::hash::{Hash, Hasher};

use rnix::ast::{self, InterpolPart};
use rnix::{NixLanguage, NodeOrToken, SyntaxKind};
use rowan::{GreenNodeData, Language as _};

/// All nodes of a file in the order of the text, each before what is inside of it.
#[derive(Clone)]
pub(super) struct Code {
    text: Box<str>,
    nodes: Box<[Entry]>,
    /// The strings that are not what is written between their quotes, by node.
    decoded: Vec<(u32, Box<str>)>,
}

#[derive(Clone, Copy)]
struct Entry {
    kind: SyntaxKind,
    /// The operator of an operation, `rec` of a set.
    mark: Option<SyntaxKind>,
    parent: u32,
    /// The number behind the last node inside of it.
    end: u32,
    /// Where it begins and ends in the text, in bytes.
    range: (u32, u32),
}

/// A node of a file's code.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    code: &'a Code,
    at: u32,
}

/// An attribute path; `None` where a name is computed.
pub(super) type Path<'a> = Vec<Option<&'a str>>;

impl Code {
    /// Takes over the tree that rnix made of `text`.
    pub(super) fn new(text: &str, root: &GreenNodeData) -> Code {
        let mut nodes: Vec<Entry> = Vec::with_capacity(text.len() / 8 + 1);
        let mut offset = 0;
        let mut open = vec![(enter(&mut nodes, root, 0, offset), root.children())];
        while let Some((at, children)) = open.last_mut() {
            let (at, child) = (*at, children.next());
            match child {
                Some(NodeOrToken::Node(node)) => {
                    open.push((enter(&mut nodes, node, at, offset), node.children()));
                }
                Some(NodeOrToken::Token(token)) => {
                    let kind = NixLanguage::kind_from_raw(token.kind());
                    if let Some(entry) = nodes.get_mut(at as usize)
                        && is_mark(entry.kind, kind)
                    {
                        entry.mark = Some(kind);
                    }
                    offset += u32::from(token.text_len());
                }
                None => {
                    let end = number(nodes.len());
                    if let Some(entry) = nodes.get_mut(at as usize) {
                        entry.end = end;
                        entry.range.1 = offset;
                    }
                    open.pop();
                }
            }
        }
        let mut code = Code { text: text.into(), nodes: nodes.into(), decoded: Vec::new() };
        code.decoded = code.root().descendants().filter_map(|node| Some((node.at, decoded(node)?))).collect();
        code
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The whole file.
    pub(super) fn root(&self) -> Node<'_> {
        Node { code: self, at: 0 }
    }

    /// The file's expression.
    pub(super) fn expression(&self) -> Option<Node<'_>> {
        self.root().child(0)
    }

    /// The node of a number that [`Node::number`] gave.
    pub(super) fn node(&self, number: u32) -> Node<'_> {
        Node { code: self, at: number }
    }
}

fn enter(nodes: &mut Vec<Entry>, node: &GreenNodeData, parent: u32, offset: u32) -> u32 {
    let kind = NixLanguage::kind_from_raw(node.kind());
    nodes.push(Entry { kind, mark: None, parent, end: 0, range: (offset, offset) });
    number(nodes.len() - 1)
}

/// A file has fewer nodes than bytes, and is refused long before it has so many.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn is_mark(node: SyntaxKind, token: SyntaxKind) -> bool {
    match node {
        SyntaxKind::NODE_ATTR_SET => token == SyntaxKind::TOKEN_REC,
        SyntaxKind::NODE_BIN_OP => !matches!(token, SyntaxKind::TOKEN_WHITESPACE | SyntaxKind::TOKEN_COMMENT),
        _ => false,
    }
}

/// What a string with escapes or indentation denotes, which is for rnix to say.
fn decoded(node: Node<'_>) -> Option<Box<str>> {
    if node.kind() != SyntaxKind::NODE_STRING || node.child(0).is_some() || node.plain().is_some() {
        return None;
    }
    let ast::Expr::Str(string) = rnix::Root::parse(node.text()).tree().expr()? else { return None };
    let literal = |part| match part {
        InterpolPart::Literal(text) => text,
        InterpolPart::Interpolation(_) => String::new(),
    };
    Some(string.normalized_parts().into_iter().map(literal).collect::<String>().into())
}

impl<'a> Node<'a> {
    fn entry(self) -> &'a Entry {
        // A node is only made of a number that is in the array.
        &self.code.nodes[self.at as usize]
    }

    pub(super) fn kind(self) -> SyntaxKind {
        self.entry().kind
    }

    /// Its number in the file, by which nodes are in the order of the text.
    pub(super) fn number(self) -> u32 {
        self.at
    }

    /// The offset of its first byte.
    pub(super) fn start(self) -> usize {
        self.entry().range.0 as usize
    }

    /// The offset behind its last byte.
    pub(super) fn end(self) -> usize {
        self.entry().range.1 as usize
    }

    pub(super) fn text(self) -> &'a str {
        let (start, end) = self.entry().range;
        self.code.text.get(start as usize..end as usize).unwrap_or_default()
    }

    pub(super) fn parent(self) -> Option<Node<'a>> {
        (self.at > 0).then(|| Node { at: self.entry().parent, ..self })
    }

    pub(super) fn children(self) -> impl Iterator<Item = Node<'a>> {
        let end = self.entry().end;
        let mut next = self.at + 1;
        std::iter::from_fn(move || {
            let child = (next < end).then_some(Node { at: next, ..self })?;
            next = child.entry().end;
            Some(child)
        })
    }

    pub(super) fn child(self, index: usize) -> Option<Node<'a>> {
        self.children().nth(index)
    }

    pub(super) fn last_child(self) -> Option<Node<'a>> {
        self.children().last()
    }

    /// The node itself, and all around it, outwards.
    pub(super) fn ancestors(self) -> impl Iterator<Item = Node<'a>> {
        std::iter::successors(Some(self), |node| node.parent())
    }

    /// The node itself, and all inside of it.
    pub(super) fn descendants(self) -> impl Iterator<Item = Node<'a>> {
        (self.at..self.entry().end).map(move |at| Node { at, ..self })
    }

    /// Whether `inner` is the node itself or lies in it.
    pub(super) fn contains(self, inner: Node<'_>) -> bool {
        (self.at..self.entry().end).contains(&inner.at)
    }

    /// Whether a set is `rec`.
    pub(super) fn is_rec(self) -> bool {
        self.kind() == SyntaxKind::NODE_ATTR_SET && self.entry().mark.is_some()
    }

    /// The operator of `a // b`.
    pub(super) fn operator(self) -> Option<SyntaxKind> {
        self.entry().mark.filter(|_| self.kind() == SyntaxKind::NODE_BIN_OP)
    }

    /// Takes the parentheses off: they change nothing.
    pub(super) fn bare(self) -> Node<'a> {
        let mut node = self;
        while node.kind() == SyntaxKind::NODE_PAREN
            && let Some(inner) = node.child(0)
        {
            node = inner;
        }
        node
    }

    /// The function and the arguments of an application: `f a b` gives `f` and `[a, b]`.
    pub(super) fn application(self) -> (Node<'a>, Vec<Node<'a>>) {
        let mut arguments = Vec::new();
        let mut function = self.bare();
        while function.kind() == SyntaxKind::NODE_APPLY
            && let (Some(inner), Some(argument)) = (function.child(0), function.child(1))
        {
            arguments.push(argument);
            function = inner.bare();
        }
        arguments.reverse();
        (function, arguments)
    }

    /// The attribute path of a selection, a binding or a question (`?`).
    pub(super) fn path(self) -> Option<Node<'a>> {
        self.children().find(|child| child.kind() == SyntaxKind::NODE_ATTRPATH)
    }

    /// The names of its attribute path, none where it has no path.
    pub(super) fn names(self) -> Path<'a> {
        self.path().into_iter().flat_map(Node::children).map(Node::name).collect()
    }

    /// The name of an attribute where it is written out: `a`, `"a"` and `${"a"}` are the same to Nix.
    pub(super) fn name(self) -> Option<&'a str> {
        match self.kind() {
            SyntaxKind::NODE_IDENT => Some(self.text()),
            SyntaxKind::NODE_STRING => self.string(),
            SyntaxKind::NODE_DYNAMIC => self.child(0)?.bare().string(),
            _ => None,
        }
    }

    /// The last name of a variable or selection: `mkFlake` for `inputs.flake-parts.lib.mkFlake`.
    pub(super) fn last_name(self) -> Option<&'a str> {
        match self.kind() {
            SyntaxKind::NODE_IDENT => Some(self.text()),
            SyntaxKind::NODE_SELECT => self.path()?.last_child()?.name(),
            _ => None,
        }
    }

    /// The string that a literal without interpolation denotes.
    pub(super) fn string(self) -> Option<&'a str> {
        if self.kind() != SyntaxKind::NODE_STRING || self.child(0).is_some() {
            return None;
        }
        self.plain().or_else(|| {
            let decoded = &self.code.decoded;
            let at = decoded.binary_search_by_key(&self.at, |(node, _)| *node).ok()?;
            decoded.get(at).map(|(_, text)| &**text)
        })
    }

    /// What stands between the quotes, where that is what it denotes.
    fn plain(self) -> Option<&'a str> {
        let inner = self.text().strip_prefix('"')?.strip_suffix('"')?;
        (!inner.contains(['\\', '$', '\r'])).then_some(inner)
    }

    /// The text of a relative path literal (`./nix`), unless it is computed.
    pub(super) fn literal_path(self) -> Option<&'a str> {
        (self.kind() == SyntaxKind::NODE_PATH_REL && self.child(0).is_none()).then(|| self.text())
    }

    /// The bindings of a set or `let` that give a value.
    pub(super) fn bindings(self) -> impl Iterator<Item = Node<'a>> {
        self.children().filter(|child| child.kind() == SyntaxKind::NODE_ATTRPATH_VALUE)
    }

    /// The value of a binding.
    pub(super) fn value(self) -> Option<Node<'a>> {
        self.child(1).filter(|_| self.kind() == SyntaxKind::NODE_ATTRPATH_VALUE)
    }

    /// What `inherit (value) …` inherits from.
    pub(super) fn source(self) -> Option<Node<'a>> {
        self.child(0).filter(|child| child.kind() == SyntaxKind::NODE_INHERIT_FROM)
    }

    /// The attributes that an `inherit` names.
    pub(super) fn inherited(self) -> impl Iterator<Item = Node<'a>> {
        self.children().filter(|child| child.kind() != SyntaxKind::NODE_INHERIT_FROM)
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at && std::ptr::eq(self.code, other.code)
    }
}

impl Eq for Node<'_> {}

impl Hash for Node<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (std::ptr::from_ref(self.code) as usize).hash(state);
        self.at.hash(state);
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("text", &self.text).finish_non_exhaustive()
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.kind(), self.text())
    }
}
