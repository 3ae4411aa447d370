//! What can be wrong with a lock, or with what is asked of it.

use std::fmt::Write as _;

use serde_json::Number;
use thiserror::Error;

use super::cut::Follower;
use super::place::Place;
use super::raw::whole;

/// `name` as it may be shown: names from a lock are anybody's, so that control characters,
/// escape sequences and characters that turn the direction of text come out escaped.
pub fn shown(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for char in name.chars() {
        let steers = char.is_control()
            || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if steers {
            out.extend(char.escape_debug());
            // escape_debug leaves some format characters as they are.
            if out.ends_with(char) {
                out.pop();
                out.extend(char.escape_unicode());
            }
        } else {
            out.push(char);
        }
    }
    out
}

/// An input path as Nix shows it, `a/b/c`, through [`shown`]. Very long ones are cut in the middle.
pub fn path_shown<S: AsRef<str>>(path: &[S]) -> String {
    const LONGEST: usize = 24;
    let mut out = String::new();
    for (at, name) in path.iter().enumerate() {
        if path.len() > LONGEST && at == LONGEST / 2 {
            out.push_str("/…");
        }
        if path.len() > LONGEST && at >= LONGEST / 2 && at + LONGEST / 2 < path.len() {
            continue;
        }
        if at > 0 {
            out.push('/');
        }
        out.push_str(&shown(name.as_ref()));
    }
    out
}

/// A name through [`shown`], cut where no person would read on.
pub(super) fn brief(name: &str) -> String {
    const LONGEST: usize = 80;
    let mut out = shown(name);
    if let Some((end, _)) = out.char_indices().nth(LONGEST) {
        out.truncate(end);
        out.push('…');
    }
    out
}

/// What is wrong with a lock. Messages are fragments that fit after "failed to read flake.lock: ".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LockError {
    /// Not JSON, or not UTF-8.
    #[error("not valid JSON: {message}")]
    NotJson {
        /// What the JSON reader says.
        message: String,
        /// Where it gave up.
        at: Option<Place>,
    },
    /// A merge was left unfinished.
    #[error("conflict markers of an unfinished merge")]
    ConflictMarkers {
        /// The first marker.
        at: Option<Place>,
    },
    /// One key twice in one object, which is what a merge by lines leaves behind. Nix itself
    /// silently takes the later one.
    #[error("duplicate key `{}`", path_shown(path))]
    DuplicateKey {
        /// The JSON path of the key.
        path: Vec<String>,
        /// The second of them.
        at: Option<Place>,
    },
    /// JSON, but not a lock: a value of the wrong type.
    #[error("{message}")]
    Malformed {
        /// What was found and what should stand there.
        message: String,
        /// Where.
        at: Option<Place>,
    },
    /// Nix: `lock file '…' has unsupported version 4`.
    #[error("{}", version.as_ref().map_or("no `version`".to_owned(), |version| format!("unsupported version {version}")))]
    UnsupportedVersion {
        /// The version, as far as one is given.
        version: Option<Number>,
        /// Where it is given.
        at: Option<Place>,
    },
    /// `root` is missing, or names a node that is not there.
    #[error("missing root node{}", key.as_ref().map(|key| format!(" `{}`", brief(key))).unwrap_or_default())]
    MissingRoot {
        /// What `root` says.
        key: Option<String>,
        /// Where it says so.
        at: Option<Place>,
    },
    /// Nix: `lock file references missing node 'c'`.
    #[error(
        "reference to missing node `{}` (input `{}` of node `{}`)",
        brief(key),
        brief(input),
        brief(from)
    )]
    MissingNode {
        /// The key that is not there.
        key: String,
        /// The key of the node that refers to it.
        from: String,
        /// By which of its inputs.
        input: String,
        /// That input.
        at: Option<Place>,
    },
    /// Nix: `attribute 'original' missing in lock file`, and the same for `locked` and for the
    /// `type` in either.
    #[error("attribute `{attribute}` missing in node `{}`", brief(node))]
    MissingAttribute {
        /// The node's key.
        node: String,
        /// `locked`, `original`, `locked.type` or `original.type`.
        attribute: &'static str,
        /// The node.
        at: Option<Place>,
    },
    /// Nix: `unsupported input attribute type in lock file`.
    #[error(
        "attribute `{}` of node `{}` is neither string, number nor boolean",
        brief(attribute),
        brief(node)
    )]
    AttributeType {
        /// The node's key.
        node: String,
        /// The attribute, with `locked.` or `original.` before it.
        attribute: String,
        /// The attribute.
        at: Option<Place>,
    },
    /// Nix: `lock file contains unlocked input`, `lockfile contains mutable lock`.
    #[error("unlocked input in node `{}`: neither `rev` nor `narHash`", brief(node))]
    Unlocked {
        /// The node's key.
        node: String,
        /// Its `locked`.
        at: Option<Place>,
    },
    /// Nix: `lock file contains cycle to root node`.
    #[error("cycle to the root node (input `{}` of node `{}`)", brief(input), brief(from))]
    RootCycle {
        /// The key of the node that refers to the root.
        from: String,
        /// By which of its inputs.
        input: String,
        /// That input.
        at: Option<Place>,
    },
    /// Nodes that contain themselves. Nix reads such a lock, and then runs out of stack when the
    /// flake uses it.
    #[error("cycle of nodes (input `{}` of node `{}` leads back to it)", brief(input), brief(from))]
    Cycle {
        /// The key of a node on the cycle.
        from: String,
        /// The input that closes it.
        input: String,
        /// That input.
        at: Option<Place>,
    },
    /// Nix: `input 'a/b/c' follows a non-existent input 'x'`. Not an error when a lock is read.
    #[error("input `{}` follows a non-existent input `{}`", path_shown(&follower.path), path_shown(&follower.follows))]
    FollowsNothing {
        /// Who follows what.
        follower: Follower,
        /// The follows.
        at: Option<Place>,
    },
    /// Nix >= 2.26: `follow cycle detected`. Not an error when a lock is read; Nix 2.8 even
    /// writes such locks.
    #[error("input `{}` follows `{}`, which needs itself", path_shown(&follower.path), path_shown(&follower.follows))]
    FollowsCycle {
        /// Who follows what.
        follower: Follower,
        /// The follows.
        at: Option<Place>,
    },
    /// The file is larger than [`MAX_BYTES`](super::MAX_BYTES).
    #[error("larger than {} MiB", super::MAX_BYTES >> 20)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Shared nodes, each written once for each way to it, would be more than
    /// [`MAX_NODES`](super::MAX_NODES).
    #[error("too many nodes once shared ones are written apart: {nodes}")]
    TooManyNodes {
        /// How many it would be; `u64::MAX` stands for "more".
        nodes: u64,
    },
}

impl LockError {
    /// Where in the text, if the error has a place and the lock was read from a text.
    pub fn place(&self) -> Option<Place> {
        use LockError::*;
        match self {
            NotJson { at, .. }
            | ConflictMarkers { at }
            | DuplicateKey { at, .. }
            | Malformed { at, .. }
            | UnsupportedVersion { at, .. }
            | MissingRoot { at, .. }
            | MissingNode { at, .. }
            | MissingAttribute { at, .. }
            | AttributeType { at, .. }
            | Unlocked { at, .. }
            | RootCycle { at, .. }
            | Cycle { at, .. }
            | FollowsNothing { at, .. }
            | FollowsCycle { at, .. } => *at,
            TooLarge { .. } | TooManyNodes { .. } => None,
        }
    }

    /// Whether the text has not even the beginnings of a lock.
    #[must_use]
    pub fn is_no_lock(&self) -> bool {
        use LockError::*;
        matches!(
            self,
            NotJson { .. } | Malformed { .. } | MissingRoot { .. } | UnsupportedVersion { version: None, .. }
        )
    }

    /// How to mend it.
    pub fn hint(&self) -> Option<String> {
        use LockError::*;
        let lock_anew = "restore flake.lock from git, or delete it and run `nix flake lock`";
        Some(match self {
            NotJson { .. }
            | Malformed { .. }
            | MissingRoot { .. }
            | MissingAttribute { .. }
            | AttributeType { .. }
            | Cycle { .. }
            | RootCycle { .. } => lock_anew.to_owned(),
            ConflictMarkers { .. } => "take one side (`git checkout --ours flake.lock`, or \
                 `--theirs`), then run `nix flake lock`"
                .to_owned(),
            DuplicateKey { path, .. } => match path.as_slice() {
                [top, key, ..] if top == "nodes" => format!(
                    "a merge left node `{}` or a part of it twice: take one side of flake.lock \
                     whole, then run `nix flake lock`",
                    brief(key)
                ),
                _ => format!("a merge may have left it: {lock_anew}"),
            },
            UnsupportedVersion { version: None, .. } | TooLarge { .. } | TooManyNodes { .. } => {
                lock_anew.to_owned()
            }
            UnsupportedVersion { version: Some(version), .. } if whole(version) < 5 => {
                "written by a Nix from before 2020, and \
                 refused by those since: delete it and run `nix flake lock`"
                    .to_owned()
            }
            UnsupportedVersion { .. } => {
                "versions 5, 6 and 7 are known; a newer flakepart may read it".to_owned()
            }
            MissingNode { key, from, .. } => format!(
                "a merge may have lost node `{}`: put it back, or remove node `{}` as well and \
                 run `nix flake lock`",
                brief(key),
                brief(from)
            ),
            Unlocked { .. } => "run `nix flake lock` with the input committed, or pass it \
                 through a fetcher that has a revision"
                .to_owned(),
            FollowsNothing { follower, .. } | FollowsCycle { follower, .. } => format!(
                "follows belong in flake.nix: mend or cut it there (`{} = \"\"`)",
                follower.declaration()
            ),
        })
    }

    /// The JSON path of what the error is about.
    fn json_path(&self) -> Option<Vec<String>> {
        use LockError::*;
        let path: Vec<&str> = match self {
            UnsupportedVersion { .. } => vec!["version"],
            MissingRoot { .. } => vec!["root"],
            MissingNode { from, input, .. } | RootCycle { from, input, .. } | Cycle { from, input, .. } => {
                vec!["nodes", from, "inputs", input]
            }
            MissingAttribute { node, .. } => vec!["nodes", node],
            AttributeType { node, attribute, .. } => {
                let (part, name) = attribute.split_once('.').unwrap_or((attribute, ""));
                vec!["nodes", node, part, name]
            }
            Unlocked { node, .. } => vec!["nodes", node, "locked"],
            _ => return None,
        };
        Some(path.into_iter().map(str::to_owned).collect())
    }

    /// The same error with its place in `text`.
    pub(super) fn placed(mut self, text: &str) -> LockError {
        use LockError::*;
        let Some(path) = self.json_path() else {
            return self;
        };
        let place = super::place::locate(text, &[path]).pop().flatten();
        match &mut self {
            UnsupportedVersion { at, .. }
            | MissingRoot { at, .. }
            | MissingNode { at, .. }
            | MissingAttribute { at, .. }
            | AttributeType { at, .. }
            | Unlocked { at, .. }
            | RootCycle { at, .. }
            | Cycle { at, .. } => *at = place,
            _ => {}
        }
        self
    }
}

/// Why root inputs cannot be taken out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PruneError {
    /// There is no such root input.
    #[error("no root input `{}`", brief(name))]
    UnknownInput {
        /// The name asked for.
        name: String,
    },
    /// Inputs that stay follow into what would go. Nix would say `follows a non-existent input`.
    #[error("{}", followed(followers, "which would go"))]
    Followed {
        /// Each of them, by input path; at least one.
        followers: Vec<Follower>,
    },
    /// The lock itself is broken.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl PruneError {
    /// How to go on.
    pub fn hint(&self) -> Option<String> {
        match self {
            PruneError::UnknownInput { .. } => None,
            PruneError::Lock(error) => error.hint(),
            PruneError::Followed { followers } => {
                let first = followers.first()?;
                Some(format!(
                    "move `{}` as well, keep `{}`, or cut the follows in flake.nix (`{} = \"\"`)",
                    brief(first.root_input()),
                    brief(first.target()),
                    first.declaration()
                ))
            }
        }
    }
}

/// Why a nested lock cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// There is no such root input.
    #[error("no root input `{}`", brief(name))]
    UnknownInput {
        /// The name asked for.
        name: String,
    },
    /// Inputs follow root inputs that neither come along nor have an alias.
    #[error("{}", followed(followers, "which does not come along"))]
    Leaving {
        /// Each of them, by input path in the lock as it is; at least one.
        followers: Vec<Follower>,
        /// The root inputs that need an alias, with those that these need in turn.
        needed: Vec<String>,
    },
    /// Two inputs of the nested lock would have one name.
    #[error("alias `{}` is taken already", brief(alias))]
    AliasTaken {
        /// The name.
        alias: String,
    },
    /// A path relative to the root flake means another folder in a nested one.
    #[error("input `{}` holds a path relative to the root flake: `{}`", brief(input), brief(reference))]
    Relative {
        /// The root input that is it, or in whose subtree it is.
        input: String,
        /// The relative path.
        reference: String,
    },
    /// The lock itself is broken.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl ExtractError {
    /// How to go on.
    pub fn hint(&self) -> Option<String> {
        match self {
            ExtractError::Leaving { needed, followers } if needed.is_empty() => {
                let first = followers.first()?;
                Some(format!("cut the follows in flake.nix (`{} = \"\"`)", first.declaration()))
            }
            ExtractError::Leaving { needed, .. } => {
                let mut hint = "take along".to_owned();
                for name in needed {
                    let name = brief(name);
                    // Cannot fail: a String takes every write.
                    let _ = write!(hint, " `--alias {name}=root-{name}`");
                }
                Some(hint)
            }
            ExtractError::Relative { .. } => Some("leave it at the root".to_owned()),
            ExtractError::Lock(error) => error.hint(),
            ExtractError::AliasTaken { .. } => Some("choose another name: `--alias FROM=TO`".to_owned()),
            ExtractError::UnknownInput { .. } => None,
        }
    }
}

/// Why the inputs of a nested lock cannot become root inputs.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraftError {
    /// There is no such root input.
    #[error("no root input `{}`", brief(name))]
    UnknownInput {
        /// The name asked for.
        name: String,
    },
    /// The root has an input of this name.
    #[error("there is a root input `{}` already", brief(name))]
    Taken {
        /// The name.
        name: String,
    },
    /// Inputs follow others of the nested lock that do not come along.
    #[error("{}", followed(followers, "which does not come along"))]
    Leaving {
        /// Each of them, by input path in the nested lock; at least one.
        followers: Vec<Follower>,
    },
    /// Inputs would follow into a root input that has no such input.
    #[error("{}", followed(followers, "which the root does not have"))]
    Dangling {
        /// Each of them, by input path in the lock as it would be; at least one.
        followers: Vec<Follower>,
    },
    /// A path relative to the nested flake means another folder at the root.
    #[error("input `{}` holds a path relative to the nested flake: `{}`", brief(input), brief(reference))]
    Relative {
        /// The input that is it, or in whose subtree it is.
        input: String,
        /// The relative path.
        reference: String,
    },
    /// The lock itself is broken.
    #[error(transparent)]
    Lock(#[from] LockError),
}

fn followed(followers: &[Follower], why: &str) -> String {
    let Some(first) = followers.first() else {
        return String::new();
    };
    let more = match followers.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    format!("input `{}` follows `{}`, {why}{more}", path_shown(&first.path), path_shown(&first.follows))
}
