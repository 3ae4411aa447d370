//! Partitions: discover them, propose them, lay them out, split, merge.
//!
//! Everything here is pure: files come in as bytes, plans go out as values.

mod analysis;
mod attrs;
mod blockers;
mod carried;
mod declared;
mod error;
mod flake;
mod followers;
mod foreign;
mod generated;
mod join;
mod layout;
mod lock_readers;
mod merge;
mod named;
mod nested;
mod obstacle;
mod original;
mod outline;
mod pins;
mod plan;
mod propose;
mod split;
mod sync;
mod update;
mod update_jobs;
mod wiring;
mod without;

pub use analysis::{Analysis, InputSummary, LockSummary, PartitionSummary, SiteSummary};
pub use attrs::unknown_attrs;
pub use blockers::{Blocker, Reason};
pub use declared::{declaration_findings, disagreements};
pub use error::SplitError;
pub use flake::{AtHand, Flake};
pub use followers::Followers;
pub use generated::without_declarations;
pub use merge::{Earlier, MergeError};
pub use named::NoPartition;
pub use nested::nested_locks;
pub use outline::{
    Files, FlakeError, ModuleTree, NO_INPUTS, Outline, Partition, Place, declared_flake_parts, unwritten_lock,
};
pub use pins::pin_findings;
pub use plan::{Moved, Plan, Way};
pub use propose::Proposal;
pub use split::Request;
pub use sync::{Pin, SyncError, SyncPlan};
pub use update::updated;
pub use update_jobs::may_update;
pub use wiring::wiring_findings;
pub use without::Advice;
