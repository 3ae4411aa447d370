//! Building and running outputs of the state after.

use std::io;
use std::process::Command;

use serde::Deserialize;

use super::attr::{shown, with_system};
use super::nix::{Nix, ProveError};
use super::process;
use super::proof::{Build, Progress};
use super::side::Side;

/// So much of what a program prints is kept (bytes).
const KEPT: usize = 4096;

#[derive(Deserialize)]
struct Built {
    outputs: std::collections::BTreeMap<String, String>,
}

/// What there is to run, as Nix evaluates it.
#[derive(Deserialize)]
struct Program {
    /// An app's program.
    program: Option<String>,
    /// The derivations that make it.
    drvs: Vec<String>,
    /// The program of a package, below its `bin`.
    name: Option<String>,
}

/// Builds an output; runs its program if there are arguments.
pub(super) fn build(
    nix: &Nix,
    side: &Side<'_>,
    path: &[String],
    arguments: Option<&Vec<String>>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Build, ProveError> {
    let path = with_system(path, &nix.system());
    let mut result = Build {
        attr: shown(&path),
        path: None,
        exit_code: None,
        stdout: None,
        stderr: None,
        ok: false,
        message: None,
    };
    progress(Progress::Building(result.attr.clone()));
    let expr = format!(
        "let v = {}; of = builtins.getContext v.program; in \
         if v.type or null == \"app\" then {{ program = builtins.unsafeDiscardStringContext v.program; \
         drvs = map builtins.unsafeDiscardStringContext (builtins.filter (path: of.${{path}} ? outputs) (builtins.attrNames of)); name = null; }} \
         else {{ program = null; drvs = [ (builtins.unsafeDiscardStringContext v.drvPath) ]; \
         name = v.meta.mainProgram or v.pname or (builtins.parseDrvName v.name).name; }}",
        side.output(&path)
    );
    let program: Program = match side.eval(&expr, &mut |_| {})? {
        Ok(program) => program,
        Err(message) => {
            result.message = Some(message);
            return Ok(result);
        }
    };
    // What no derivation makes is there already, such as a script of the flake: Nix would build another
    // output where it is told none.
    if !program.drvs.is_empty() {
        nix.hand_over(&program.drvs.iter().map(String::as_str).collect::<Vec<_>>())?;
        // Since 2.13, a .drv by itself means the file; its outputs are `.drv^*`.
        let all_outputs = if nix.release().is_none_or(|release| release >= (2, 13)) { "^*" } else { "" };
        let drvs: Vec<String> = program.drvs.iter().map(|drv| format!("{drv}{all_outputs}")).collect();
        let mut command = vec!["build", "--json", "--no-link", "--option", "log-lines", "50"];
        command.extend(drvs.iter().map(String::as_str));
        let output = nix.run(&command)?;
        if !output.status.success() {
            result.message = Some(nix.essence(&output.stderr, None));
            result.stderr = Some(tail(&output.stderr));
            return Ok(result);
        }
        let built: Vec<Built> = serde_json::from_slice(&output.stdout)
            .map_err(|error| ProveError::Answer { what: error.to_string() })?;
        let out = built
            .first()
            .and_then(|built| built.outputs.get("out").or_else(|| built.outputs.values().next()));
        result.path = out.cloned();
    }
    result.ok = true;
    let Some(arguments) = arguments else { return Ok(result) };
    let program = match (program.program, &result.path, program.name) {
        (Some(program), ..) => program,
        (None, Some(out), name) => format!("{out}/bin/{}", name.unwrap_or_default()),
        (None, None, _) => return Ok(result),
    };
    progress(Progress::Running(result.attr.clone()));
    let mut command = Command::new(&program);
    command.args(arguments);
    tracing::debug!(?command, "run");
    match process::run(&mut command, nix.limits(), true, |_| {}) {
        Ok(output) => {
            result.exit_code = output.status.code();
            result.stdout = Some(head(&output.stdout));
            result.stderr = Some(head(&output.stderr));
            result.ok = output.status.success();
            result.message = (!result.ok).then(|| match result.exit_code {
                Some(code) => format!("{program} ended with exit code {code}"),
                None => format!("{program} was killed"),
            });
        }
        Err(error) => {
            result.ok = false;
            result.message = Some(match error.kind() {
                io::ErrorKind::TimedOut => format!("{program} did not end in time"),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                    format!("there is nothing to run in it: no {program}")
                }
                _ => format!("cannot run {program}: {error}"),
            });
        }
    }
    Ok(result)
}

fn head(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(KEPT)]).into_owned()
}

fn tail(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(KEPT)..]).into_owned()
}
