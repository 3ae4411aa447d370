//! flake.lock as a document and as a graph.

mod corpus;
mod diff;
mod errors;
mod golden;
mod odd;
mod properties;
mod real_nix;
mod rules;
