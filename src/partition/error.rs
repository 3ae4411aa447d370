//! Why a split is refused.

use camino::Utf8PathBuf;
use thiserror::Error;

use super::obstacle::PARTITIONS_SINCE;
use super::{Blocker, FlakeError};
use crate::finding::Finding;
use crate::lock::{ExtractError, GraftError, LockError, PruneError};
use crate::nix::{NixError, Stuck};
use crate::suggest::instead;

/// Why flakepart does not split.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SplitError {
    /// Partitions belong to flake-parts.
    #[error("{}", match elsewhere.as_deref() {
        Some(file) => format!(
            "flake.nix hands its outputs on to {}, and flakepart reads `mkFlake` in flake.nix only",
            if file == "./." { "./default.nix".escape_debug() } else { file.escape_debug() }
        ),
        None => "this flake does not use flake-parts, and partitions are a feature of flake-parts".to_owned(),
    })]
    NoFlakeParts {
        /// The file that makes the outputs, as flake.nix names it, where it is not flake.nix.
        elsewhere: Option<String>,
        /// Whether another program writes flake.nix.
        generated: bool,
    },
    /// flake-parts is too old.
    #[error("the flake-parts of this lock (modified {modified}) has no partitions yet")]
    OldFlakeParts {
        /// The date of the locked revision, as seconds since 1970.
        modified: i64,
    },
    /// Nobody would import the new module.
    #[error("flakepart does not see where to import a partition: {0}")]
    NoImports(NixError),
    /// A filter of the user's own decides what is imported.
    #[error(
        "import-tree is given a filter here, by which flakepart cannot tell that a partition's module would be imported, and its nested flake not"
    )]
    FilteredTree {
        /// File and line.
        place: (Utf8PathBuf, usize),
    },
    /// There is no such input.
    #[error("no input `{}` is declared here", .input.escape_debug())]
    UnknownInput {
        /// What was asked for.
        input: String,
        /// The inputs there are.
        known: Vec<String>,
    },
    /// flake.nix and the lock disagree, so that Nix would lock anew.
    #[error("flake.lock is not up to date: {}", .0.message)]
    Stale(Box<Finding>),
    /// flake.nix is made by another program.
    #[error("flake.nix says that it is generated, so that an edit would not last")]
    Generated {
        /// The 1-based line that says so.
        line: usize,
    },
    /// What is to be routed is no output.
    #[error("`{}` cannot be routed: it is no name of a flake output", .attr.escape_debug())]
    BadAttr {
        /// What was given.
        attr: String,
    },
    /// Something keeps inputs at the root.
    #[error("{} cannot move: {}", .0.first().map_or("", |blocker| blocker.input.as_str()), .0.first().map_or(String::new(), |blocker| blocker.reason.to_string()))]
    Blocked(Vec<Blocker>),
    /// Each of the inputs is followed by one that stays.
    #[error("inputs that stay at the root follow {inputs}")]
    AllFollowed {
        /// The inputs.
        inputs: String,
    },
    /// Code would have to move with the inputs, and cannot.
    #[error("code has to move with them that cannot: {}", .0.first().map_or("", |stuck| stuck.why.as_str()))]
    Stuck(Vec<Stuck>),
    /// No output is seen to use the inputs.
    #[error("no output is seen to use {inputs}, so there is nothing to route")]
    NoAttrs {
        /// The inputs.
        inputs: String,
    },
    /// Outputs that need the inputs come from two partitions already.
    #[error("`{}` comes from partition `{}`, and `{}` from partition `{}`", .first.0, .first.1, .second.0, .second.1)]
    TwoPartitions {
        /// An output, and its partition.
        first: (String, String),
        /// An output that comes from another.
        second: (String, String),
    },
    /// Code says which outputs come from which partition, in a form that is not read.
    #[error("which outputs come from partitions, or which partitions there are, is computed here")]
    UnreadableWiring {
        /// Where.
        place: (Utf8PathBuf, usize),
    },
    /// The outputs come from a partition of which the nested flake is not to be seen.
    #[error("partition `{name}` has no nested flake and lock that flakepart can read")]
    PartitionUnreadable {
        /// The partition.
        name: String,
        /// Who defines it.
        place: Option<(Utf8PathBuf, usize)>,
    },
    /// The nested flake declares an input of the same name.
    #[error("partition `{name}` has an input `{input}` of its own")]
    HeldAlready {
        /// The input.
        input: String,
        /// The partition.
        name: String,
        /// The folder of its nested flake.
        folder: Utf8PathBuf,
    },
    /// An alias in the nested flake is another revision than the root's input.
    #[error("`{alias}` of {folder}/flake.lock is another revision than the root's input")]
    Drifted {
        /// The alias.
        alias: String,
        /// The folder of the nested flake.
        folder: Utf8PathBuf,
    },
    /// The nested flake.nix cannot be edited.
    #[error("{error}")]
    EditNested {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        error: NixError,
    },
    /// The nested lock cannot take the inputs.
    #[error("the nested lock cannot take them: {0}")]
    Graft(#[from] GraftError),
    /// A name that could not be a folder or a Nix attribute.
    #[error("`{}` is no name for a partition", .name.escape_debug())]
    BadName {
        /// The name.
        name: String,
    },
    /// No proposal has this name.
    #[error("no partition `{name}` is proposed")]
    NoSuchProposal {
        /// The name.
        name: String,
        /// The names there are.
        proposed: Vec<String>,
    },
    /// A file is in the way.
    #[error("{path} exists already")]
    FileTaken {
        /// The file.
        path: Utf8PathBuf,
    },
    /// Nix could not name the folder, or git would not track it.
    #[error("`{}` cannot be the folder of a nested flake", .folder.as_str().escape_debug())]
    FolderName {
        /// The folder.
        folder: Utf8PathBuf,
    },
    /// The folder leads out of the flake.
    #[error("the folder {folder} is not inside of the flake")]
    FolderLeaves {
        /// The folder.
        folder: Utf8PathBuf,
    },
    /// import-tree would import the nested flake.nix as a module.
    #[error("import-tree would import {folder}/flake.nix as a module")]
    FolderVisible {
        /// The folder.
        folder: Utf8PathBuf,
    },
    /// Code that computes `imports` may take the nested flake.nix for a module.
    #[error("`imports` is computed from {read}, and may take {folder}/flake.nix for a module")]
    FolderRead {
        /// Where.
        place: (Utf8PathBuf, usize),
        /// The folder that is read, as written.
        read: String,
        /// The folder of the nested flake.
        folder: Utf8PathBuf,
    },
    /// The lock cannot be written.
    #[error("flake.lock: {0}")]
    Lock(#[from] LockError),
    /// The lock cannot lose the inputs.
    #[error(transparent)]
    Prune(#[from] PruneError),
    /// The nested lock cannot be made.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// flake.nix cannot be edited.
    #[error("{0}")]
    Edit(#[from] NixError),
    /// The flake cannot be read after a step of the plan.
    #[error(transparent)]
    Flake(#[from] FlakeError),
    /// The plan contradicts itself: a bug.
    #[error("the plan is not consistent: {0}")]
    Inconsistent(String),
}

impl SplitError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            SplitError::NoFlakeParts { generated: true, .. } => Some(
                "flake.nix is generated besides, so that an edit would not last: change what it is generated \
                 from (with flake-file, the `flake-file.outputs` and `flake-file.inputs` options)"
                    .to_owned(),
            ),
            SplitError::NoFlakeParts { elsewhere: Some(_), .. } => Some(
                "if it calls `mkFlake`, call that in flake.nix instead: \
                 `outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } …`"
                    .to_owned(),
            ),
            SplitError::NoFlakeParts { elsewhere: None, .. } => Some(
                "it would take `outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } …`"
                    .to_owned(),
            ),
            SplitError::OldFlakeParts { .. } => Some(format!(
                "`nix flake update flake-parts` to a revision of {} or later",
                PARTITIONS_SINCE.1
            )),
            SplitError::NoImports(_) => {
                Some("give it a set: `mkFlake { inherit inputs; } { imports = [ … ]; }`".to_owned())
            }
            SplitError::FilteredTree { .. } => Some(
                "`flakepart lock prune` and `flakepart lock extract` make both locks for a split by hand"
                    .to_owned(),
            ),
            SplitError::UnknownInput { input, known } => Some(instead(input, known)),
            SplitError::Stale(_) => Some("`nix flake lock` first".to_owned()),
            SplitError::Generated { .. } => Some(
                "edit what it is generated from (with flake-file, the `flake-file.inputs` options)"
                    .to_owned(),
            ),
            SplitError::BadAttr { .. } => {
                Some("name a top-level output, such as `--attr packages`".to_owned())
            }
            SplitError::Blocked(blockers) => blockers.first().map(|blocker| {
                let places = || format!("`flakepart why {}` shows every place that needs it", blocker.input);
                blocker.reason.hint(&blocker.input).unwrap_or_else(places)
            }),
            SplitError::NoAttrs { .. } => Some(
                "if you know which outputs need them, name these: `--attr packages`; the proof tells"
                    .to_owned(),
            ),
            SplitError::TwoPartitions { .. } => {
                Some("an input cannot be in two partitions; at the root both have it".to_owned())
            }
            SplitError::UnreadableWiring { .. } => Some(
                "write it out: `partitionedAttrs.checks = \"dev\";`, `partitions.dev.extraInputsFlake = ./dev;`"
                    .to_owned(),
            ),
            SplitError::PartitionUnreadable { .. } => Some(
                "`extraInputsFlake` has to be the path of a folder with a flake.nix and a flake.lock".to_owned(),
            ),
            SplitError::HeldAlready { folder, .. } => {
                Some(format!("the pins may differ; remove one of the two (see {folder}/flake.nix)"))
            }
            SplitError::Drifted { .. } => Some("`flakepart sync` first".to_owned()),
            SplitError::EditNested { error, .. } => error.hint().map(str::to_owned),
            SplitError::Graft(_) => None,
            SplitError::FolderName { .. } => Some("use letters, digits, `.`, `_`, `-` and `+`".to_owned()),
            SplitError::BadName { .. } => {
                Some("begin with a letter, and use letters, digits, `-` and `_`".to_owned())
            }
            SplitError::NoSuchProposal { proposed, .. } if proposed.is_empty() => {
                Some("nothing is proposed; name the inputs to move with `--input`".to_owned())
            }
            SplitError::NoSuchProposal { proposed, .. } => Some(format!("proposed: {}", proposed.join(", "))),
            SplitError::FileTaken { .. } | SplitError::FolderRead { .. } => {
                Some("choose another folder: `--folder DIR`".to_owned())
            }
            SplitError::FolderVisible { folder } => {
                let name = folder.file_name().unwrap_or_default();
                Some(format!(
                    "import-tree passes over names with a leading `_`: `--folder {}`",
                    folder.with_file_name(format!("_{name}"))
                ))
            }
            SplitError::Edit(error) => error.hint().map(str::to_owned),
            SplitError::AllFollowed { .. } => {
                Some("`--followers move` moves these, too; `cut` has them follow nothing".to_owned())
            }
            SplitError::Lock(error) => error.hint(),
            SplitError::Prune(error) => error.hint(),
            SplitError::Extract(error) => error.hint(),
            SplitError::Inconsistent(_) => {
                Some("please report this, with flake.nix and flake.lock".to_owned())
            }
            SplitError::FolderLeaves { .. } => {
                Some("name one below the flake's own: `--folder dev/_inputs`".to_owned())
            }
            SplitError::Stuck(_) => {
                Some("write that code out in a module of its own, which can move as a whole".to_owned())
            }
            SplitError::Flake(_) => None,
        }
    }
}
