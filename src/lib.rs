//! flakepart.
pub mod change;
pub mod nix;
pub mod tree;
