//! The program as a whole: what it prints, what it writes, how it ends.

mod analyze;
mod check;
mod diff;
mod findings;
mod formats;
mod gate;
mod graph;
mod hostile;
mod init;
mod lock;
mod manual;
mod refusals;
mod settings;
mod split;
mod unfinished;
mod update;
mod why;
mod wired;
