//! A repository with history: a tree of Nix files with three partitions, and a lock that grew with every
//! other commit since a base.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Result, lock, tree};

/// So many commits stand between the base and HEAD.
pub const COMMITS: usize = 20;

/// Makes it in an empty folder.
pub fn history(folder: &Path, files: usize) -> Result<()> {
    tree::tree(folder, files)?;
    for name in ["agents", "docs", "tests"] {
        let inputs = folder.join("parts").join(name).join("_inputs");
        fs::create_dir_all(&inputs)?;
        fs::write(inputs.join("flake.nix"), "{ outputs = _: { }; }\n")?;
        fs::write(inputs.join("flake.lock"), lock::lock(50)?)?;
        let module = format!(
            "{{\n  partitionedAttrs.{name} = \"{name}\";\n  partitions.{name}.extraInputsFlake = ./_inputs;\n}}\n"
        );
        fs::write(inputs.with_file_name("partition.nix"), module)?;
    }
    git(folder, &["init", "--quiet"])?;
    for number in 0..=COMMITS {
        if number % 2 == 0 {
            fs::write(folder.join("flake.lock"), lock::lock(20 + number)?)?;
        }
        fs::write(folder.join("README.md"), number.to_string())?;
        git(folder, &["add", "."])?;
        git(folder, &["-c", "user.name=Bench", "-c", "user.email=", "commit", "--quiet", "-m", "state"])?;
    }
    // As a clone would be.
    git(folder, &["gc", "--quiet"])
}

/// Stages a change of a partition.
pub fn stage(folder: &Path) -> Result<()> {
    let module = folder.join("parts/agents/partition.nix");
    fs::write(&module, fs::read_to_string(&module)? + "# staged\n")?;
    git(folder, &["add", "."])
}

fn git(folder: &Path, arguments: &[&str]) -> Result<()> {
    let status = Command::new("git").arg("-C").arg(folder).args(arguments).status()?;
    if status.success() { Ok(()) } else { Err(format!("git {arguments:?} failed").into()) }
}
