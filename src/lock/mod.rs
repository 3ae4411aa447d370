//! flake.lock, as a document and as a graph.
//!
//! Bytes come in, values go out: nothing here touches a disk, a network or Nix.
//!
//! - [`Lock`] is the document: [`Lock::parse`], [`Lock::to_bytes`], [`Lock::normalized`],
//!   [`Lock::prune`], [`Lock::extract`], [`Lock::graft`].
//! - [`LockFile`] is that document together with the bytes that it was read from.
//! - [`Diff`] is what differs between two locks, whatever their keys.
//! - [`Graph`] is the same lock with every `follows` resolved: weights, depth, duplicates,
//!   where each node comes from.
//!
//! Nothing recurses on the size of its input, so that a hostile lock cannot exhaust the stack.

mod attrs;
mod census;
mod cut;
mod diff;
mod document;
mod duplicates;
mod ends;
mod error;
mod examined;
mod file;
mod graft;
mod graph;
mod index;
mod layout;
mod link;
mod map;
mod measure;
mod normalize;
mod origin;
mod place;
mod print;
mod raw;
mod read;
mod reference;
mod revisions;
mod weight;
mod written;

pub use attrs::Attrs;
pub use census::{Census, Stand};
pub use cut::Follower;
pub use diff::{Diff, OneSided, Refollowed, Renamed, Target, Updated};
pub use document::{Edge, Lock, Node};
pub use error::{ExtractError, GraftError, LockError, PruneError, path_shown, shown};
pub use examined::Examined;
pub use file::LockFile;
pub use graph::{Graph, Link, Unresolved, Why};
pub use map::{Map, Name};
pub use measure::Measure;
pub use normalize::Normal;
pub use origin::{Origin, Way};
pub use place::Place;
pub use reference::{reference, repository};
pub use revisions::Repeated;
pub use weight::RootInput;

/// Larger files are refused before they are parsed (bytes). The largest real lock known has 2.07 MB.
pub const MAX_BYTES: usize = 256 << 20;

/// More nodes than this are not written when shared nodes are un-shared. A diamond of 40 levels
/// would need 2^40.
pub const MAX_NODES: usize = 1_000_000;

/// From so many nodes on, starting a thread pays.
const LARGE: usize = 2_000;

/// The lock format this crate writes. Nix: `src/libexpr/flake/lockfile.cc`.
pub const WRITTEN_VERSION: u64 = 7;
