//! Nix source text, parsed: errors and places, and the few readings of rnix's lossless tree that the
//! declarations of a flake.nix and their edits need.

use std::sync::OnceLock;

use rnix::ast::{self, HasEntry as _, InterpolPart};
use rnix::{ParseError, SyntaxKind, SyntaxNode, TextRange, TextSize};
use rowan::GreenNode;
use rowan::ast::AstNode as _;

use super::NixError;
use super::code::Code;
use super::nesting::is_too_deep;

/// No Nix file that a person wrote comes near; a larger one is refused instead of parsed.
const MAX_BYTES: usize = 4 << 20;

/// One parsed Nix file.
#[derive(Debug, Clone)]
pub struct Source {
    code: Code,
    line_starts: Vec<u32>,
    lossless: OnceLock<GreenNode>,
}

impl Source {
    /// Parses `bytes`. Fails with the first syntax error and its line and column: a tree with errors
    /// would be guessed at, and flakepart edits nothing that it only guesses.
    pub fn parse(bytes: &[u8]) -> Result<Source, NixError> {
        if bytes.len() > MAX_BYTES {
            return Err(NixError::TooLarge { bytes: bytes.len(), limit: MAX_BYTES });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| NixError::NotUtf8 {
            line: 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count(),
        })?;
        let line_starts = std::iter::once(0)
            .chain(text.bytes().zip(1u32..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next))
            .collect();
        if is_too_deep(text) {
            return Err(NixError::TooDeep);
        }
        let parse = rnix::Root::parse(text);
        let source =
            Source { code: Code::new(text, parse.syntax().green()), line_starts, lossless: OnceLock::new() };
        if let Some(line) = conflict_marker(text) {
            return Err(NixError::ConflictMarkers { line });
        }
        match parse.errors().first() {
            None => Ok(source),
            Some(error) => Err(source.syntax_error(error)),
        }
    }

    /// The text as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        self.code.text()
    }

    /// The 1-based line of a header that says that another program writes this file, such as flake-file's
    /// `# DO-NOT-EDIT`.
    #[must_use]
    pub fn generated(&self) -> Option<usize> {
        let head = self.text().lines().take_while(|line| line.is_empty() || line.starts_with('#'));
        let words = |line: &str| line.to_ascii_lowercase().replace(['-', '_'], " ");
        head.map(words)
            .position(|line| line.contains("do not edit") || line.contains("@generated"))
            .map(|at| at + 1)
    }

    pub(super) fn code(&self) -> &Code {
        &self.code
    }

    /// rnix's tree, with every byte of the text in it. Only made for the files that are edited: those of
    /// all others would fill the memory.
    pub(super) fn root(&self) -> SyntaxNode {
        let green = || rnix::Root::parse(self.text()).syntax().green().to_owned();
        SyntaxNode::new_root(self.lossless.get_or_init(green).clone())
    }

    /// The file's expression in rnix's tree.
    pub(super) fn expression(&self) -> Option<ast::Expr> {
        ast::Root::cast(self.root())?.expr()
    }

    /// The 1-based line of an offset in bytes.
    pub(super) fn line(&self, offset: impl Into<usize>) -> usize {
        let offset = offset.into();
        self.line_starts.partition_point(|start| *start as usize <= offset)
    }

    /// The 1-based line and column (in characters) of an offset in bytes.
    fn line_and_column(&self, offset: TextSize) -> (usize, usize) {
        let line = self.line(offset);
        let start = self.line_starts.get(line - 1).map_or(0, |start| *start as usize);
        let column = self.text().get(start..usize::from(offset)).map_or(1, |head| head.chars().count() + 1);
        (line, column)
    }

    fn syntax_error(&self, error: &ParseError) -> NixError {
        let end = TextSize::of(self.text());
        let (at, what) = match error {
            ParseError::Unexpected(range) | ParseError::UnexpectedExtra(range) => {
                (range.start(), self.unexpected(*range))
            }
            ParseError::UnexpectedWanted(_, range, wanted) => {
                (range.start(), format!("{}, expected {}", self.unexpected(*range), names(wanted)))
            }
            ParseError::UnexpectedDoubleBind(range) => {
                (range.start(), "arguments are bound by a second `@` pattern".to_owned())
            }
            ParseError::DuplicatedArgs(range, name) => {
                (range.start(), format!("duplicate argument `{name}`"))
            }
            ParseError::UnexpectedEOF => (end, "unexpected end of file".to_owned()),
            ParseError::UnexpectedEOFWanted(wanted) => {
                (end, format!("unexpected end of file, expected {}", names(wanted)))
            }
            ParseError::RecursionLimitExceeded => return NixError::TooDeep,
            _ => (TextSize::new(0), error.to_string()),
        };
        let (line, column) = self.line_and_column(at);
        NixError::Syntax { line, column, what }
    }

    fn unexpected(&self, range: TextRange) -> String {
        match self.text()[range].split_whitespace().next() {
            Some(word) => {
                format!("unexpected `{}`", word.chars().take(40).collect::<String>().escape_debug())
            }
            None => "unexpected text".to_owned(),
        }
    }
}

fn names(kinds: &[SyntaxKind]) -> String {
    let mut names: Vec<&str> = kinds.iter().filter_map(|kind| name(*kind)).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { "something else".to_owned() } else { names.join(" or ") }
}

/// What a token is called; `None` for those that a reader would not miss.
fn name(kind: SyntaxKind) -> Option<&'static str> {
    Some(match kind {
        SyntaxKind::TOKEN_SEMICOLON => "`;`",
        SyntaxKind::TOKEN_ASSIGN => "`=`",
        SyntaxKind::TOKEN_R_BRACE => "`}`",
        SyntaxKind::TOKEN_L_BRACE => "`{`",
        SyntaxKind::TOKEN_R_PAREN => "`)`",
        SyntaxKind::TOKEN_R_BRACK => "`]`",
        SyntaxKind::TOKEN_COLON => "`:`",
        SyntaxKind::TOKEN_COMMA => "`,`",
        SyntaxKind::TOKEN_IN => "`in`",
        SyntaxKind::TOKEN_THEN => "`then`",
        SyntaxKind::TOKEN_ELSE => "`else`",
        SyntaxKind::TOKEN_IDENT => "a name",
        SyntaxKind::TOKEN_STRING_START => "a string",
        SyntaxKind::TOKEN_INTERPOL_START => "`${`",
        SyntaxKind::TOKEN_INHERIT => "`inherit`",
        SyntaxKind::TOKEN_DOT => "`.`",
        _ => return None,
    })
}

/// The 1-based line of the first marker that a failed merge left at the start of a line.
fn conflict_marker(text: &str) -> Option<usize> {
    let at = text.lines().position(|line| line.starts_with("<<<<<<< "))?;
    text.lines().any(|line| line.starts_with(">>>>>>> ")).then_some(at + 1)
}

/// Takes the parentheses off an expression: they change nothing.
pub(super) fn unparenthesized(mut expr: ast::Expr) -> ast::Expr {
    while let ast::Expr::Paren(paren) = &expr {
        match paren.expr() {
            Some(inner) => expr = inner,
            None => break,
        }
    }
    expr
}

/// The string that a literal without interpolation denotes.
pub(super) fn literal_string(string: &ast::Str) -> Option<String> {
    let mut text = String::new();
    for part in string.normalized_parts() {
        match part {
            InterpolPart::Literal(literal) => text.push_str(&literal),
            InterpolPart::Interpolation(_) => return None,
        }
    }
    Some(text)
}

/// The name of an attribute where it is written out: `a`, `"a"` and `${"a"}` are the same to Nix.
pub(super) fn attr_name(attr: &ast::Attr) -> Option<String> {
    match attr {
        ast::Attr::Ident(ident) => Some(ident.syntax().text().to_string()),
        ast::Attr::Str(string) => literal_string(string),
        ast::Attr::Dynamic(dynamic) => match unparenthesized(dynamic.expr()?) {
            ast::Expr::Str(string) => literal_string(&string),
            _ => None,
        },
    }
}

/// An attribute path, `None` where a name is computed.
pub(super) type AttrPath = Vec<Option<String>>;

/// The names of an attribute path.
pub(super) fn attr_path(path: &ast::Attrpath) -> AttrPath {
    path.attrs().map(|attr| attr_name(&attr)).collect()
}

/// Every binding of an attribute set written out, nested sets flattened: `a.b = { c = 1; }` gives
/// `a.b.c`. Calls `leaf` with the path, the outermost binding that holds it, and the value; a value
/// for which `descend` says no is a leaf even when it is a set.
pub(super) fn flatten(
    set: &ast::AttrSet,
    prefix: &AttrPath,
    descend: &dyn Fn(&AttrPath, &ast::Expr) -> Option<ast::AttrSet>,
    leaf: &mut dyn FnMut(&AttrPath, &ast::AttrpathValue, &ast::Expr),
) {
    for binding in set.attrpath_values() {
        let (Some(path), Some(value)) = (binding.attrpath(), binding.value()) else { continue };
        let full: AttrPath = prefix.iter().cloned().chain(attr_path(&path)).collect();
        match descend(&full, &value) {
            Some(inner) => flatten(&inner, &full, descend, leaf),
            None => leaf(&full, &binding, &value),
        }
    }
}
