//! Nix source: syntax, input declarations and their lossless edits, input usage, writing new files.
//!
//! This room takes text and gives values. It knows neither disks nor locks: which files there are and
//! which of them a flake reaches is told to it.

mod apart;
mod code;
mod declare;
mod edit;
mod error;
mod flake_file;
mod flake_module;
mod flow;
mod items;
mod lock_reads;
mod merge;
mod module;
mod nesting;
mod project;
mod readers;
mod relocate;
mod scope;
mod sites;
mod syntax;
mod tree_filter;
mod usage;
mod write;

pub use declare::{Declaration, Declarations, Setting};
pub use edit::{Edits, Unwired, add_import, add_inputs, remove_inputs, replace_import, repoint, unwire};
pub use error::NixError;
pub use flake_file::Declared;
pub use flake_module::{FlakeModule, FlakeModules};
pub use lock_reads::{LockRead, Taken};
pub use module::{ImportTree, Wiring};
pub use project::{Project, Role, joined, relative};
pub use relocate::{Relocated, Relocating, Stuck, rebased};
pub use syntax::Source;
pub use tree_filter::TreeFilter;
pub use usage::{Site, SiteKind, Usage, Usages};
pub use write::{NestedFlake, formatted_alike, partition_module};
