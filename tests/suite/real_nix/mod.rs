//! The fixture, real Nix and the built program: nothing here stands in for anything.
//!
//! Every promise is kept once for each Nix: `real_nix::split::nix_2_8::…` and `…::nix_2_26::…`. A Nix
//! that is not on this machine makes its tests say that they skip.

mod by_hand;
mod demands;
mod eval_jobs;
mod followers;
mod gain;
mod implementations;
mod join;
mod merge;
mod moved;
mod mutations;
mod split;
mod stores;
mod sync;
mod truth;
mod unreachable;
mod update;
mod verify;
pub mod world;

/// Makes a test of each of the functions for each Nix.
macro_rules! on_each_nix {
    ($($promise:ident),+ $(,)?) => {
        mod nix_2_8 {
            $(#[test] fn $promise() { crate::real_nix::world::on("nix-2.8", super::$promise); })+
        }
        mod nix_2_26 {
            $(#[test] fn $promise() { crate::real_nix::world::on("nix-2.26", super::$promise); })+
        }
    };
}
pub(crate) use on_each_nix;
