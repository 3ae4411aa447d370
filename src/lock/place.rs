//! Where something stands in the text of a lock.
//!
//! A second and slow pass, made only when there is an error to show, so that the first pass need
//! not remember any place.

use std::collections::{HashMap, HashSet};
use std::fmt;

/// A place in a text: line and column, both from 1. Columns count characters (Unicode scalar
/// values), not bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Turns ascending byte offsets into places, each byte looked at once.
struct Cursor<'a> {
    text: &'a str,
    offset: usize,
    place: Place,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, offset: 0, place: Place { line: 1, column: 1 } }
    }

    fn advance(&mut self, to: usize) -> Place {
        let to = to.min(self.text.len());
        for byte in self.text.as_bytes().get(self.offset..to).unwrap_or_default() {
            if *byte == b'\n' {
                self.place.line += 1;
                self.place.column = 1;
            } else if byte & 0xC0 != 0x80 {
                // Not a continuation byte: a character starts here.
                self.place.column += 1;
            }
        }
        self.offset = self.offset.max(to);
        self.place
    }
}

/// The place of byte `offset`.
pub(super) fn of_offset(text: &str, offset: usize) -> Place {
    Cursor::new(text).advance(offset)
}

/// The place that serde_json means by `line` and `column`, which counts bytes and points at the
/// last byte read.
pub(super) fn of_serde(text: &str, line: usize, column: usize) -> Place {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    of_offset(text, start + column.saturating_sub(1))
}

/// The line where a merge left its first conflict marker.
pub(super) fn conflict_marker(text: &str) -> Option<Place> {
    const MARKERS: [&str; 4] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];
    let line = text.lines().position(|line| MARKERS.iter().any(|marker| line.starts_with(marker)))?;
    Some(Place { line: line + 1, column: 1 })
}

/// The places of JSON paths (keys, and indices as decimal numbers), in the order asked for.
pub(super) fn locate(text: &str, wanted: &[Vec<String>]) -> Vec<Option<Place>> {
    let mut index: HashMap<&[String], Vec<usize>> = HashMap::new();
    for (at, path) in wanted.iter().enumerate() {
        index.entry(path).or_default().push(at);
    }
    let mut found = vec![None; wanted.len()];
    let mut cursor = Cursor::new(text);
    walk(text, |path, offset| {
        if let Some(asked) = index.remove(path) {
            let place = cursor.advance(offset);
            for at in asked {
                if let Some(slot) = found.get_mut(at) {
                    *slot = Some(place);
                }
            }
        }
        !index.is_empty()
    });
    found
}

/// The first key that comes twice in one object: its path, and the place of the second.
pub(super) fn first_duplicate(text: &str) -> Option<(Vec<String>, Place)> {
    let mut seen: Vec<HashSet<String>> = Vec::new();
    let mut found = None;
    walk(text, |path, offset| {
        // A shallower key comes between any two objects of one depth, so cutting here empties
        // the set for each object anew.
        seen.truncate(path.len());
        while seen.len() < path.len() {
            seen.push(HashSet::new());
        }
        let (Some(set), Some(key)) = (seen.last_mut(), path.last()) else {
            return true;
        };
        if set.insert(key.clone()) {
            return true;
        }
        found = Some((path.to_vec(), of_offset(text, offset)));
        false
    });
    found
}

/// Where the walk stands in one object or array.
enum Level {
    /// Of an object; whether a key comes next (and not a value).
    Object { key_next: bool },
    /// Of an array, with the index of the next element.
    Array { index: usize },
}

/// Calls `visit` with the path and byte offset of every key and every array element in order,
/// until it returns false. Lenient: text that is not JSON ends the walk or gives odd paths, never
/// a panic.
fn walk(text: &str, mut visit: impl FnMut(&[String], usize) -> bool) {
    let bytes = text.as_bytes();
    let mut levels: Vec<Level> = Vec::new();
    // One component for each level that has seen a key or an element.
    let mut path: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let depth = levels.len();
        match byte {
            b'}' | b']' => {
                levels.pop();
                path.truncate(levels.len());
                at += 1;
            }
            b':' => {
                if let Some(Level::Object { key_next }) = levels.last_mut() {
                    *key_next = false;
                }
                at += 1;
            }
            b',' => {
                if let Some(Level::Object { key_next }) = levels.last_mut() {
                    *key_next = true;
                }
                at += 1;
            }
            byte if byte.is_ascii_whitespace() => at += 1,
            _ => {
                // A key or a value starts here.
                let end = if byte == b'"' { string_end(bytes, at) } else { at + 1 };
                match levels.last_mut() {
                    Some(Level::Object { key_next: true }) if byte == b'"' => {
                        path.truncate(depth.saturating_sub(1));
                        let raw = text.get(at..end).unwrap_or_default();
                        path.push(serde_json::from_str(raw).unwrap_or_default());
                        if !visit(&path, at) {
                            return;
                        }
                    }
                    Some(Level::Array { index }) => {
                        path.truncate(depth.saturating_sub(1));
                        path.push(index.to_string());
                        *index += 1;
                        if !visit(&path, at) {
                            return;
                        }
                    }
                    _ => {}
                }
                match byte {
                    b'{' => levels.push(Level::Object { key_next: true }),
                    b'[' => levels.push(Level::Array { index: 0 }),
                    _ => {}
                }
                at = if matches!(byte, b'"' | b'{' | b'[') {
                    end
                } else {
                    // A number or a word: to its end, or an array would count its letters.
                    let rest = bytes.get(at..).unwrap_or_default();
                    let len =
                        rest.iter().take_while(|byte| !matches!(byte, b',' | b'}' | b']' | b':')).count();
                    at + len.max(1)
                };
            }
        }
    }
}

/// The offset behind the string that starts at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'\\' => end += 2,
            b'"' => return end + 1,
            _ => end += 1,
        }
    }
    bytes.len()
}
