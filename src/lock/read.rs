//! Reading a lock: JSON first, then what Nix checks. Nix: `src/libexpr/flake/lockfile.cc`.

use serde_json::Value;

use super::attrs::Attrs;
use super::document::{Edge, Lock, Node};
use super::ends::Ends;
use super::error::LockError;
use super::file::LockFile;
use super::index::{FastMap, Index, NONE};
use super::place::{self, Place};
use super::raw::{DUPLICATE_KEY, OnlyVersion, RawLock, whole};
use super::written;
use super::{LARGE, MAX_BYTES};

/// What the JSON reader says beyond 127 levels.
const TOO_DEEP: &str = "recursion limit exceeded";

impl Lock {
    /// Reads a lock and refuses what Nix refuses on reading (2.8 and 2.26 agree on it), besides
    /// duplicate keys and cycles of nodes, which Nix reads and then mishandles.
    ///
    /// A byte order mark is skipped, as Nix does. Nodes that the root does not reach are not
    /// checked, and a `follows` that leads nowhere is no error here: see
    /// [`Graph::unresolved`](super::Graph::unresolved). Nor are attributes that a fetcher does not
    /// know or take: each Nix has others.
    ///
    /// # Errors
    /// Any [`LockError`] except `FollowsNothing`, `FollowsCycle` and `TooManyNodes`, with its place
    /// in the text.
    pub fn parse(bytes: &[u8]) -> Result<Lock, LockError> {
        read(bytes).map(|read| read.lock)
    }
}

impl LockFile {
    /// Reads a lock, as [`Lock::parse`] does, and keeps its bytes.
    ///
    /// # Errors
    /// As [`Lock::parse`].
    pub fn parse(bytes: Vec<u8>) -> Result<LockFile, LockError> {
        let Read { lock, ends, is_print } = read(&bytes)?;
        Ok(LockFile { lock, bytes, is_print, ends })
    }
}

/// A lock, where its edges lead, and whether it prints as the bytes that were read.
struct Read {
    lock: Lock,
    ends: Ends,
    is_print: bool,
}

fn read(bytes: &[u8]) -> Result<Read, LockError> {
    if bytes.len() > MAX_BYTES {
        return Err(LockError::TooLarge { bytes: bytes.len() });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let text = std::str::from_utf8(good).unwrap_or_default();
        LockError::NotJson { message: "not UTF-8".to_owned(), at: Some(place::of_offset(text, text.len())) }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (lock, is_print) = match written::read(text) {
        Some(lock) => (lock, text.len() == bytes.len()),
        None => {
            let raw: RawLock = serde_json::from_str(text).map_err(|error| explain(text, &error))?;
            (raw.checked().map_err(|error| error.placed(text))?, false)
        }
    };
    let (ends, has_content) = if lock.nodes.len() < LARGE {
        (Ends::new(&lock), has_content(&lock))
    } else {
        rayon::join(|| Ends::new(&lock), || has_content(&lock))
    };
    // With all this, all is as it should be, the nodes that the root does not reach among them; else only a walk
    // from there tells.
    if !(has_content && ends.is_tree() && ends.is_whole(&lock)) {
        post_order(&Index::of(&lock, &ends), true).map_err(|error| error.placed(text))?;
    }
    Ok(Read { lock, ends, is_print })
}

/// Whether each node but the root has what Nix asks for.
fn has_content(lock: &Lock) -> bool {
    // Nodes that share their attributes need no second look.
    let mut seen: FastMap<(usize, usize), ()> = FastMap::default();
    lock.nodes.iter().all(|(key, node)| {
        let attrs = node.locked.as_ref().zip(node.original.as_ref());
        let attrs = attrs.map(|(locked, original)| (locked.identity(), original.identity()));
        if *key == lock.root || attrs.is_some_and(|attrs| seen.contains_key(&attrs)) {
            return true;
        }
        let has_content = check_content(key, node).is_ok();
        seen.extend(attrs.filter(|_| has_content).map(|attrs| (attrs, ())));
        has_content
    })
}

/// Says what a failed JSON reader means.
fn explain(text: &str, error: &serde_json::Error) -> LockError {
    let at = Some(place::of_serde(text, error.line(), error.column()));
    // The message ends with " at line 1 column 2", which is told apart.
    let message = error.to_string();
    let message = match message.rfind(" at line ") {
        Some(end) => message.get(..end).unwrap_or_default(),
        None => &message,
    };
    if !error.is_data() {
        if let Some(at) = place::conflict_marker(text) {
            return LockError::ConflictMarkers { at: Some(at) };
        }
        if message == TOO_DEEP {
            return LockError::Malformed { message: "nested too deeply for a lock".to_owned(), at };
        }
        return not_json(text, error.is_eof(), message, at);
    }
    // Another version may well have another form: that is the better message.
    if let Ok(OnlyVersion(version)) = serde_json::from_str(text)
        && !(5..=7).contains(&version.as_ref().map_or(0, whole))
    {
        return LockError::UnsupportedVersion { version, at: None }.placed(text);
    }
    if message == DUPLICATE_KEY
        && let Some((path, at)) = place::first_duplicate(text)
    {
        return LockError::DuplicateKey { path, at: Some(at) };
    }
    LockError::Malformed { message: in_json_s_words(message), at }
}

/// Says why a text is not JSON.
fn not_json(text: &str, ends: bool, message: &str, at: Option<Place>) -> LockError {
    let nul = text.find('\0').and_then(|at| text.get(..at));
    let (message, at) = match nul {
        Some(before) => {
            let at = Some(place::of_offset(before, before.len()));
            ("a NUL byte, as in UTF-16 or in a file damaged by a crash", at)
        }
        None if text.trim().is_empty() => ("it is empty", at),
        None if ends => ("it ends too early", at),
        // Where `nodes` stands for `null`.
        None if message == "expected ident" => ("expected value", at),
        None => (message, at),
    };
    LockError::NotJson { message: super::error::shown(message), at }
}

/// What the reader says of a value of the wrong type, with the names that JSON has for types, and short.
fn in_json_s_words(message: &str) -> String {
    let parts = message.strip_prefix("invalid type: ").and_then(|rest| rest.rsplit_once(", expected "));
    let Some((found, expected)) = parts else { return super::error::brief(message) };
    let found = match found {
        "sequence" => "an array",
        "map" => "an object",
        other => other,
    };
    let expected = if expected == "a sequence" { "an array" } else { expected };
    format!("expected {expected}, found {}", super::error::brief(found))
}

/// The nodes that the root reaches over edges that are nodes, children before parents.
///
/// # Errors
/// Missing nodes and cycles; with `content` also what a node lacks. In the order in which Nix
/// comes across them: inputs by name, depth first.
pub(super) fn post_order(index: &Index<'_>, content: bool) -> Result<Vec<u32>, LockError> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let root = index.root;
    if root == NONE {
        return Err(LockError::MissingRoot { key: Some(index.lock.root.to_string()), at: None });
    }
    let mut states = vec![State::New; index.nodes.len()];
    let mut order = Vec::with_capacity(index.nodes.len());
    let mut stack = Vec::new();
    let mut enter = root;
    loop {
        if enter != NONE {
            if let Some(state) = states.get_mut(enter as usize) {
                *state = State::Open;
                stack.push((enter, index.links(enter).iter()));
            }
            enter = NONE;
        }
        let Some((at, inputs)) = stack.last_mut() else {
            return Ok(order);
        };
        let at = *at;
        let Some(arc) = inputs.next() else {
            stack.pop();
            order.push(at);
            if let Some(state) = states.get_mut(at as usize) {
                *state = State::Done;
            }
            continue;
        };
        let Edge::Node(key) = arc.edge else { continue };
        let (from, input) =
            (|| index.keys.get(at as usize).copied().unwrap_or_default().to_owned(), || arc.name.to_owned());
        match states.get(arc.to as usize) {
            None => {
                let (key, from, input) = (key.to_string(), from(), input());
                return Err(LockError::MissingNode { key, from, input, at: None });
            }
            Some(State::New) => {
                if content && let Some(node) = index.nodes.get(arc.to as usize) {
                    check_content(key, node)?;
                }
                enter = arc.to;
            }
            Some(State::Open) => {
                let (from, input, at) = (from(), input(), None);
                return Err(if arc.to == root {
                    LockError::RootCycle { from, input, at }
                } else {
                    LockError::Cycle { from, input, at }
                });
            }
            Some(State::Done) => {}
        }
    }
}

/// What Nix asks of each node but the root.
fn check_content(key: &str, node: &Node) -> Result<(), LockError> {
    let missing = |attribute| LockError::MissingAttribute { node: key.to_owned(), attribute, at: None };
    let locked = node.locked.as_ref().ok_or_else(|| missing("locked"))?;
    let original = node.original.as_ref().ok_or_else(|| missing("original"))?;
    for (part, attrs) in [("locked", locked), ("original", original)] {
        let odd =
            attrs.iter().find(|(_, value)| matches!(value, Value::Null | Value::Array(_) | Value::Object(_)));
        if let Some((name, _)) = odd {
            return Err(LockError::AttributeType {
                node: key.to_owned(),
                attribute: format!("{part}.{name}"),
                at: None,
            });
        }
    }
    locked.str("type").ok_or_else(|| missing("locked.type"))?;
    original.str("type").ok_or_else(|| missing("original.type"))?;
    // Nix >= 2.26 wants a revision from some types and only warns about others, 2.8 takes either
    // of the two from all.
    if locked.str("rev").is_none() && locked.str("narHash").is_none() && relative_path(locked).is_none() {
        return Err(LockError::Unlocked { node: key.to_owned(), at: None });
    }
    Ok(())
}

/// The path of a relative path input. Nix: `PathInputScheme::isRelative`.
pub(super) fn relative_path(attrs: &Attrs) -> Option<&str> {
    let path = attrs.str("path")?;
    (attrs.str("type") == Some("path") && !path.starts_with('/')).then_some(path)
}
