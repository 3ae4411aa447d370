//! How deep a text nests, told from its tokens alone: rnix and rowan recurse, and a text that nests
//! a million levels deep would end the program.

use rnix::{SyntaxKind, tokenize};

/// No code that a person wrote comes near.
const LIMIT: usize = 4096;

/// rnix looks ahead for a path in each word, so that one long run of words and dots takes it the square
/// of its length. Longer than any hash or name (bytes).
const LONGEST_WORD: usize = 16 << 10;

/// Whether the tree of `text` would be too deep to walk. Counts more than the tree has, never less:
/// each open bracket, and in the code between two separators each token that may hang below the one
/// before it, as in `a + b + c` and `f a b c`.
pub(super) fn is_too_deep(text: &str) -> bool {
    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"._+-".contains(byte);
    if text
        .as_bytes()
        .chunk_by(|a, b| in_word(a) == in_word(b))
        .any(|run| run.len() > LONGEST_WORD && in_word(&run[0]))
    {
        return true;
    }
    // Each token adds at most two.
    if most_tokens(text) < LIMIT / 2 {
        return false;
    }
    let mut levels = vec![Level::default()];
    let mut depth = 0;
    for (kind, _) in tokenize(text) {
        match kind {
            SyntaxKind::TOKEN_WHITESPACE | SyntaxKind::TOKEN_COMMENT | SyntaxKind::TOKEN_STRING_CONTENT => {}
            SyntaxKind::TOKEN_SEMICOLON | SyntaxKind::TOKEN_COMMA => {
                depth -= levels.last_mut().map_or(0, Level::reset);
            }
            SyntaxKind::TOKEN_L_BRACE
            | SyntaxKind::TOKEN_L_BRACK
            | SyntaxKind::TOKEN_L_PAREN
            | SyntaxKind::TOKEN_INTERPOL_START
            | SyntaxKind::TOKEN_STRING_START => {
                if let Some(level) = levels.last_mut() {
                    depth = depth - level.operand() + level.chain;
                }
                levels.push(Level { is_list: kind == SyntaxKind::TOKEN_L_BRACK, ..Level::default() });
            }
            SyntaxKind::TOKEN_R_BRACE
            | SyntaxKind::TOKEN_R_BRACK
            | SyntaxKind::TOKEN_R_PAREN
            | SyntaxKind::TOKEN_INTERPOL_END
            | SyntaxKind::TOKEN_STRING_END => {
                // A bracket too many is a syntax error, for rnix to tell.
                depth -= levels.pop().map_or(0, |level| level.chain);
                if levels.is_empty() {
                    levels.push(Level::default());
                }
            }
            SyntaxKind::TOKEN_IDENT
            | SyntaxKind::TOKEN_INTEGER
            | SyntaxKind::TOKEN_FLOAT
            | SyntaxKind::TOKEN_PATH_ABS
            | SyntaxKind::TOKEN_PATH_HOME
            | SyntaxKind::TOKEN_PATH_REL
            | SyntaxKind::TOKEN_PATH_SEARCH
            | SyntaxKind::TOKEN_URI => {
                if let Some(level) = levels.last_mut() {
                    depth = depth - level.operand() + level.chain;
                }
            }
            _ => {
                if let Some(level) = levels.last_mut() {
                    level.chain += 1;
                    level.after_operand = false;
                    depth += 1;
                }
            }
        }
        if depth + levels.len() > LIMIT {
            return true;
        }
    }
    false
}

/// No fewer than the tokens of `text`, in a fraction of the time that it takes to find them: most files
/// are too short to be deep.
fn most_tokens(text: &str) -> usize {
    let mut tokens = 0;
    let mut was_name = false;
    for byte in text.bytes() {
        let is_name = byte.is_ascii_alphanumeric() || byte == b'_';
        tokens += usize::from(!(byte.is_ascii_whitespace() || is_name && was_name));
        was_name = is_name;
    }
    tokens
}

/// What stands between two brackets.
#[derive(Default)]
struct Level {
    /// Tokens since the last separator that may hang below each other.
    chain: usize,
    /// The elements of a list stand beside each other.
    is_list: bool,
    after_operand: bool,
}

impl Level {
    /// Takes an operand into account; gives the chain's length before it.
    fn operand(&mut self) -> usize {
        let before = self.chain;
        self.chain = if self.is_list && self.after_operand { 1 } else { before + 1 };
        self.after_operand = true;
        before
    }

    fn reset(&mut self) -> usize {
        self.after_operand = false;
        std::mem::take(&mut self.chain)
    }
}
