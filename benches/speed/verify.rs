//! The fixture and its split, for a proof, and the calls of `nix eval` that the proof cannot do without.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{FLAKEPART, Result};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A Nix of the fixture's world, with the two commands.
pub struct Proof {
    /// Which Nix.
    pub nix: String,
    /// `flakepart verify`.
    pub verify: String,
    /// One call of `nix eval` for each state, and one for the outputs that differ in the control.
    pub evals: String,
}

/// The proofs to measure, in a folder for everything; none where there is no Nix.
pub fn proofs(folder: &Path) -> Result<Vec<Proof>> {
    let world = folder.join("worlds/whole");
    done(Command::new(format!("{ROOT}/testdata/world")).arg(&world))?;
    let states = folder.join("verify");
    if states.exists() {
        std::fs::remove_dir_all(&states)?;
    }
    std::fs::create_dir(&states)?;
    let [before, after, control] = ["before", "after", "control"].map(|name| states.join(name));
    for state in [&before, &after, &control] {
        done(Command::new("cp").arg("-r").arg(format!("{ROOT}/testdata/agent-boxes")).arg(state))?;
    }
    std::fs::OpenOptions::new()
        .append(true)
        .open(control.join("flake.nix"))
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"\n"))?;
    let git = |arguments: &[&str]| {
        let who = ["-c", "user.name=Bench", "-c", "user.email=bench@example.org"];
        done(Command::new("git").arg("-C").arg(&after).args(who).args(arguments))
    };
    git(&["init", "--quiet"])?;
    git(&["add", "."])?;
    git(&["commit", "--quiet", "--message", "before"])?;
    done(Command::new(FLAKEPART).arg("split").arg(&after).args(["--yes", "--no-verify"]))?;

    let call = |state: &PathBuf, asked: &str| {
        format!(
            "nix eval --impure --json --expr '(import {ROOT}/src/prove/outputs.nix \
             {{ url = \"path:{}\"; systems = [ ]; system = \"x86_64-linux\"; }}).{asked}'",
            state.display()
        )
    };
    let differing = "described [ [ \"checks\" \"x86_64-linux\" \"treefmt\" ] [ \"checks\" \"aarch64-linux\" \"treefmt\" ] ]";
    let calls = [call(&before, "whole [ ]"), call(&after, "whole [ ]"), call(&control, differing)];
    let mut proofs = Vec::new();
    for nix in ["nix-2.8", "nix-2.26"] {
        let bin = world.join(nix).join("bin");
        if bin.join("nix").exists() {
            let on_path = format!("PATH={}:$PATH", bin.display());
            proofs.push(Proof {
                nix: nix.to_owned(),
                verify: format!("{on_path} exec {FLAKEPART} verify {}", after.display()),
                evals: format!("export {on_path}; {}", calls.join(" && ")),
            });
        }
    }
    Ok(proofs)
}

fn done(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}
