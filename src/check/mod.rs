//! The guards: the rules of `check` and what flakepart.toml makes of them, and the limits of `gate`.

mod agree;
mod budget;
mod fix;
mod gate;
mod growth;
mod heavy;
mod inputs;
mod judge;
mod pattern;
mod rules;
mod settings;

pub use budget::over_budget;
pub use fix::fix;
pub use gate::{Gate, GatedLock, Total, declared};
pub use growth::{Growth, ReadLock, Share, growth};
pub use judge::concerning;
pub use pattern::Pattern;
pub use rules::{Subject, flake_findings, lock_findings, unused_inputs};
pub use settings::{
    Budget, Budgets, Day, Exception, InputRules, PinName, SETTINGS, Settings, SettingsError, Severity,
};
