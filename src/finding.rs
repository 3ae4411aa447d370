//! What flakepart has to say about a flake: one list of codes, each with its level.

use camino::{Utf8Path, Utf8PathBuf};
use serde::de::{self, Deserialize, Deserializer};
use serde::{Serialize, Serializer};

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Something to mend; `check` fails.
    Warning,
    /// Something is wrong; `check` and `gate` fail.
    Error,
}

/// Every kind of finding. docs/findings.md has a heading for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// The lock has keys, order or indentation that Nix would not write.
    LockNotCanonical,
    /// The lock holds nodes that nothing leads to.
    LockUnreachable,
    /// Code reads flake.lock by itself and names a node that moves.
    LockRead,
    /// A follows in the lock leads nowhere.
    LockDangling,
    /// flake.nix declares an input that the lock does not have.
    InputNotLocked,
    /// The lock has an input that flake.nix does not declare.
    InputNotDeclared,
    /// The lock has an input follow something else than flake.nix says.
    FollowsDiffer,
    /// No code uses the input.
    InputUnused,
    /// A repository is locked more than once, at different revisions.
    SeveralRevisions,
    /// A Nix file cannot be read.
    UnreadableCode,
    /// A partition's folder has no flake.nix or no flake.lock.
    PartitionIncomplete,
    /// import-tree imports a partition's flake.nix as a module.
    PartitionVisible,
    /// An attribute is routed to a partition that is not defined.
    PartitionUndefined,
    /// A partition pins another revision of an input than the root does.
    PinDrift,
    /// A partition declares an input under a root input's name, and so hides the root's.
    PinShadows,
    /// Any output may need an input that moves, for all that can be seen.
    MayBeNeeded,
    /// Consumers cannot reach inputs that moved into a partition.
    ConsumersLoseInputs,
    /// The nested lock has to be updated on its own.
    UpdateNested,
    /// An output is to be routed that neither Nix nor the flake's code knows.
    AttrUnknown,
    /// flake-parts fetches flake-compat while it evaluates a partition.
    FetchesFlakeCompat,
    /// The lock is larger than it may be.
    OverBudget,
    /// The lock grew more than it may.
    Growth,
    /// An exception of flakepart.toml is past its day.
    ExceptionExpired,
    /// A commit brings an input to the root that a partition can hold.
    HeavyInput,
    /// An input comes from where flakepart.toml does not allow it.
    InputDenied,
    /// A nixpkgs is of a branch that flakepart.toml does not allow.
    NixpkgsBranch,
    /// A nixpkgs is older than flakepart.toml allows.
    NixpkgsTooOld,
    /// flake.nix overrides an input of an input that has none of that name.
    OverrideStale,
    /// A nested flake is hidden from import-tree, and no partition has it.
    PartitionUnwired,
    /// Pins are at different revisions that flakepart.toml wants at one.
    PinsDisagree,
    /// The lock has an input from another reference than flake.nix declares.
    ReferenceDiffers,
    /// A revision is younger than flakepart.toml allows.
    RevisionTooNew,
}

impl Code {
    /// All of them, by name.
    pub const ALL: [Code; 32] = [
        Code::AttrUnknown,
        Code::ConsumersLoseInputs,
        Code::ExceptionExpired,
        Code::FetchesFlakeCompat,
        Code::FollowsDiffer,
        Code::Growth,
        Code::HeavyInput,
        Code::InputDenied,
        Code::InputNotDeclared,
        Code::InputNotLocked,
        Code::InputUnused,
        Code::LockDangling,
        Code::LockNotCanonical,
        Code::LockRead,
        Code::LockUnreachable,
        Code::MayBeNeeded,
        Code::NixpkgsBranch,
        Code::NixpkgsTooOld,
        Code::OverBudget,
        Code::OverrideStale,
        Code::PartitionIncomplete,
        Code::PartitionUndefined,
        Code::PartitionUnwired,
        Code::PartitionVisible,
        Code::PinDrift,
        Code::PinShadows,
        Code::PinsDisagree,
        Code::ReferenceDiffers,
        Code::RevisionTooNew,
        Code::SeveralRevisions,
        Code::UnreadableCode,
        Code::UpdateNested,
    ];

    /// Their names, in the same order.
    pub const NAMES: [&str; Code::ALL.len()] = {
        let mut names = [""; Code::ALL.len()];
        let mut at = 0;
        while at < names.len() {
            names[at] = Code::ALL[at].as_str();
            at += 1;
        }
        names
    };

    /// The code as it is written, such as `pin-drift`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::LockNotCanonical => "lock-not-canonical",
            Code::LockUnreachable => "lock-unreachable",
            Code::LockRead => "lock-read",
            Code::LockDangling => "lock-dangling",
            Code::InputNotLocked => "input-not-locked",
            Code::InputNotDeclared => "input-not-declared",
            Code::FollowsDiffer => "follows-differ",
            Code::InputUnused => "input-unused",
            Code::SeveralRevisions => "several-revisions",
            Code::UnreadableCode => "unreadable-code",
            Code::PartitionIncomplete => "partition-incomplete",
            Code::PartitionVisible => "partition-visible",
            Code::PartitionUndefined => "partition-undefined",
            Code::PinDrift => "pin-drift",
            Code::PinShadows => "pin-shadows",
            Code::ConsumersLoseInputs => "consumers-lose-inputs",
            Code::MayBeNeeded => "may-be-needed",
            Code::UpdateNested => "update-nested",
            Code::AttrUnknown => "attr-unknown",
            Code::FetchesFlakeCompat => "fetches-flake-compat",
            Code::OverBudget => "over-budget",
            Code::Growth => "growth",
            Code::ExceptionExpired => "exception-expired",
            Code::HeavyInput => "heavy-input",
            Code::InputDenied => "input-denied",
            Code::NixpkgsBranch => "nixpkgs-branch",
            Code::NixpkgsTooOld => "nixpkgs-too-old",
            Code::OverrideStale => "override-stale",
            Code::PartitionUnwired => "partition-unwired",
            Code::PinsDisagree => "pins-disagree",
            Code::ReferenceDiffers => "reference-differs",
            Code::RevisionTooNew => "revision-too-new",
        }
    }

    /// What docs/findings.md says of it, in Markdown.
    #[must_use]
    pub fn documented(self) -> &'static str {
        let sections = include_str!("../docs/findings.md").split("\n## ");
        let mut sections = sections.filter_map(|section| section.split_once('\n'));
        sections.find(|(name, _)| *name == self.as_str()).map_or(self.as_str(), |(_, text)| text.trim())
    }

    /// Its level.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Code::LockDangling
            | Code::InputNotLocked
            | Code::InputNotDeclared
            | Code::FollowsDiffer
            | Code::PartitionIncomplete
            | Code::PartitionVisible
            | Code::PartitionUndefined
            | Code::PinDrift
            | Code::OverBudget
            | Code::Growth
            | Code::ExceptionExpired
            | Code::InputDenied
            | Code::NixpkgsBranch
            | Code::NixpkgsTooOld
            | Code::PinsDisagree
            | Code::ReferenceDiffers
            | Code::RevisionTooNew => Level::Error,
            Code::AttrUnknown
            | Code::FetchesFlakeCompat
            | Code::LockNotCanonical
            | Code::LockRead
            | Code::LockUnreachable
            | Code::MayBeNeeded
            | Code::PinShadows
            | Code::UnreadableCode
            | Code::HeavyInput
            | Code::OverrideStale
            | Code::PartitionUnwired => Level::Warning,
            Code::InputUnused | Code::SeveralRevisions | Code::ConsumersLoseInputs | Code::UpdateNested => {
                Level::Note
            }
        }
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
        let name = String::deserialize(deserializer)?;
        let code = Code::ALL.into_iter().find(|code| code.as_str() == name);
        code.ok_or_else(|| de::Error::unknown_variant(&name, &Code::NAMES))
    }
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which kind.
    pub code: Code,
    /// How grave.
    pub level: Level,
    /// What, in one sentence without a full stop.
    pub message: String,
    /// The file, relative to the flake.
    pub file: Option<Utf8PathBuf>,
    /// 1-based.
    pub line: Option<usize>,
    /// What to do about it.
    pub help: Option<String>,
    /// The input that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The other files that it comes from: a commit that touches none of them did not bring it.
    #[serde(skip)]
    pub concerns: Vec<Utf8PathBuf>,
}

impl Finding {
    /// A finding without a place.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Finding {
        Finding {
            code,
            level: code.level(),
            message: message.into(),
            file: None,
            line: None,
            help: None,
            input: None,
            concerns: Vec::new(),
        }
    }

    /// The same, in a file and perhaps at a line.
    #[must_use]
    pub fn at(self, file: impl Into<Utf8PathBuf>, line: Option<usize>) -> Finding {
        Finding { file: Some(file.into()), line, ..self }
    }

    /// The same, about an input.
    #[must_use]
    pub fn about(self, input: impl Into<String>) -> Finding {
        Finding { input: Some(input.into()), ..self }
    }

    /// The same, which comes from these files, too.
    #[must_use]
    pub fn with(mut self, files: impl IntoIterator<Item = Utf8PathBuf>) -> Finding {
        self.concerns.extend(files);
        self
    }

    /// The same, with its file counted from a folder above that of the flake.
    #[must_use]
    pub fn below(self, folder: &Utf8Path) -> Finding {
        Finding { file: self.file.map(|file| folder.join(file)), ..self }
    }

    /// The same, with advice.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Finding {
        Finding { help: Some(help.into()), ..self }
    }
}
