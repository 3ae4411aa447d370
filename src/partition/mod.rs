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
mod obstacle;
mod pins;
mod plan;
mod propose;
mod split;
mod sync;
mod update_jobs;
mod without;

pub use analysis::{Analysis, InputSummary, LockSummary, PartitionSummary, SiteSummary};
pub use attrs::unknown_attrs;
pub use blockers::{Blocker, Reason};
pub use declared::declaration_findings;
pub use error::SplitError;
pub use flake::{AtHand, Files, Flake, FlakeError, ModuleTree, Partition, Place, unwritten_lock};
pub use followers::Followers;
pub use generated::without_flake_file;
pub use merge::{Earlier, MergeError};
pub use pins::{pin_findings, wiring_findings};
pub use plan::{Moved, Plan, Way};
pub use propose::Proposal;
pub use split::Request;
pub use sync::{Pin, SyncError, SyncPlan};
pub use update_jobs::may_update;
pub use without::Advice;
