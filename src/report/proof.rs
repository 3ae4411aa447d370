//! A proof for people.

use super::text::{DIM, GREEN, RED, YELLOW, bold, count, shown, styled, wrapped};
use crate::prove::{OutputVerdict, Proof, Verdict};

/// Counts, what differs and why, what was built, and the verdict.
#[must_use]
pub fn proof(proof: &Proof) -> String {
    let mut text = String::new();
    for output in &proof.outputs {
        let (style, what) = match output.verdict {
            OutputVerdict::Same => continue,
            OutputVerdict::Error if output.before.is_none() => (DIM, "fails, as before"),
            OutputVerdict::SourceDependent => (DIM, "embeds the flake's source"),
            OutputVerdict::OnlyAfter => (YELLOW, "is new"),
            OutputVerdict::Different => (RED, "is different"),
            OutputVerdict::Error => (RED, "fails"),
            OutputVerdict::OnlyBefore => (RED, "is gone"),
        };
        text.push_str(&format!("  {} {}\n", shown(&output.attr), styled(style, what)));
        if let Some(message) = &output.message {
            text.push_str(&wrapped("      ", &shown(message)));
        }
        if output.verdict == OutputVerdict::Different {
            let side = |side: &Option<String>| shown(side.as_deref().unwrap_or_default());
            text.push_str(&format!("      before  {}\n", side(&output.before)));
            text.push_str(&format!("      after   {}\n", side(&output.after)));
        }
    }
    for attr in &proof.skipped {
        text.push_str(&format!("  {} {}\n", shown(attr), styled(DIM, "was not looked at")));
    }
    for build in &proof.builds {
        let what = match (build.ok, build.exit_code) {
            (true, Some(_)) => styled(GREEN, "was built and runs"),
            (true, None) => styled(GREEN, "was built"),
            (false, _) => styled(RED, "does not work"),
        };
        text.push_str(&format!("  {} {what}\n", shown(&build.attr)));
        if let Some(message) = &build.message {
            text.push_str(&wrapped("      ", &shown(message)));
        }
        for stream in [&build.stdout, &build.stderr].into_iter().flatten() {
            for line in stream.lines().take(12) {
                text.push_str(&format!("      {} {}\n", styled(DIM, "|"), shown(line)));
            }
        }
    }
    let same = proof.outputs.iter().filter(|output| output.verdict == OutputVerdict::Same).count();
    let verdict = match proof.verdict {
        Verdict::Proved => styled(GREEN.bold(), "proved"),
        Verdict::Refuted => styled(RED.bold(), "refuted"),
        Verdict::Incomplete => styled(YELLOW.bold(), "incomplete"),
    };
    let nix = shown(&proof.nix);
    let of = count(proof.outputs.len(), "output");
    text.push_str(&format!(
        "{verdict}: {same} of {of} the same in {} and {}, says {}\n",
        bold(&shown(&proof.before)),
        bold(&shown(&proof.after)),
        nix
    ));
    if proof.unreachable {
        text.push_str("Something could not be fetched; with the network back, run it again.\n");
    }
    text
}
