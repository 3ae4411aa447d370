//! flakepart moves heavy flake inputs into flake-parts partitions, and proves that nothing changed.
//!
//! docs/ARCHITECTURE.md shows the rooms and the way of a split through them.

pub mod change;
pub mod check;
pub mod cli;
pub mod credentials;
pub mod date;
pub mod finding;
pub mod init;
pub mod lock;
pub mod nix;
pub mod partition;
pub mod prove;
pub mod report;
pub mod suggest;
pub mod tree;
