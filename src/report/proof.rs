//! A proof for people.

use std::collections::BTreeSet;

use super::text::{DIM, GREEN, RED, YELLOW, bold, count, shown, styled, wrapped};
use crate::prove::{Checked, ComparedOutput, Consumers, OutputVerdict, Proof, Verdict};

/// The outputs that are not the same, those that fail for one reason together.
fn alike(outputs: &[ComparedOutput]) -> Vec<(String, Option<&String>, Vec<&ComparedOutput>)> {
    let mut groups: Vec<(String, Option<&String>, Vec<&ComparedOutput>)> = Vec::new();
    for output in outputs {
        let (style, what) = match output.verdict {
            OutputVerdict::Same => continue,
            OutputVerdict::Error if output.before.is_none() => (DIM, "fails, as before"),
            OutputVerdict::SourceDependent => (DIM, "embeds the flake's source"),
            OutputVerdict::OnlyAfter if output.after.is_none() => (RED, "is new and fails"),
            OutputVerdict::OnlyAfter => (YELLOW, "is new"),
            OutputVerdict::Different => (RED, "is different"),
            OutputVerdict::Error => (RED, "fails"),
            OutputVerdict::OnlyBefore => (RED, "is gone"),
        };
        let what = styled(style, what);
        let message = output.message.as_ref();
        match groups.iter_mut().find(|group| message.is_some() && group.0 == what && group.1 == message) {
            Some(group) => group.2.push(output),
            None => groups.push((what, message, vec![output])),
        }
    }
    groups
}

/// So many lines of what a program said are shown.
const LINES: usize = 12;

/// Outputs of which something was expected: those that are so, and the others with the reason.
fn checked(all: &[Checked], so: &str, otherwise: &str) -> String {
    let mut groups: Vec<(&Option<String>, Vec<&str>)> = Vec::new();
    for Checked { attr, message, .. } in all {
        match groups.iter_mut().find(|group| group.0 == message) {
            Some(group) => group.1.push(attr),
            None => groups.push((message, vec![attr])),
        }
    }
    let mut text = String::new();
    for (message, attrs) in groups {
        let what = if message.is_some() { styled(RED, otherwise) } else { styled(GREEN, so) };
        text.push_str(&wrapped("  ", &format!("{}: {what}", some_of(&attrs))));
        if let Some(message) = message {
            text.push_str(&wrapped("      ", &shown(message)));
        }
    }
    text
}

/// What becomes of the flakes that use this one.
fn consumers(consumers: &Consumers) -> String {
    let Consumers { nodes_before, nodes_after, lost_inputs, outputs, differs } = consumers;
    let differs: Vec<&str> = differs.iter().map(String::as_str).collect();
    let gets = match differs.as_slice() {
        [] => format!("{} {} they get from it", styled(GREEN, "the same"), count(*outputs, "output")),
        differs => format!("{} {}", styled(RED, "they get otherwise"), some_of(differs)),
    };
    let lost: Vec<String> = lost_inputs.iter().map(|name| shown(name)).collect();
    let lost = match lost.as_slice() {
        [] => String::new(),
        lost => {
            format!("; {} {}", styled(YELLOW, "they can no longer follow or override"), lost.join(", "))
        }
    };
    wrapped("  consumers  ", &format!("{nodes_before} -> {nodes_after} nodes in their locks; {gets}{lost}"))
}

/// Enough names to know what is meant.
fn some_of(attrs: &[&str]) -> String {
    const NAMED: usize = 4;
    let names: Vec<String> = attrs.iter().take(NAMED).map(|attr| shown(attr)).collect();
    match attrs.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// Counts, what differs and why, what was built, and the verdict.
#[must_use]
pub fn proof(proof: &Proof) -> String {
    let mut text = String::new();
    for (what, message, outputs) in alike(&proof.outputs) {
        let Some(first) = outputs.first() else { continue };
        let attrs: Vec<&str> = outputs.iter().map(|output| output.attr.as_str()).collect();
        text.push_str(&wrapped("  ", &format!("{}: {what}", some_of(&attrs))));
        if let Some(message) = message {
            text.push_str(&wrapped("      ", &shown(message)));
        }
        if first.verdict == OutputVerdict::Different && message.is_none() {
            let side = |side: &Option<String>| shown(side.as_deref().unwrap_or_default());
            text.push_str(&format!("      before  {}\n", side(&first.before)));
            text.push_str(&format!("      after   {}\n", side(&first.after)));
        }
    }
    let reasons: BTreeSet<&str> = proof.skipped.iter().map(|skipped| skipped.why.as_str()).collect();
    for why in reasons {
        let attrs =
            proof.skipped.iter().filter(|skipped| skipped.why == why).map(|skipped| shown(&skipped.attr));
        let attrs: Vec<String> = attrs.collect();
        text.push_str(&wrapped("  not compared  ", &format!("{} ({})", attrs.join(", "), shown(why))));
    }
    text.push_str(&checked(&proof.required, "is there", "is required, and is not there"));
    text.push_str(&checked(&proof.lazy, "fetches nothing of a partition", "is not lazy"));
    text.push_str(&proof.consumers.as_ref().map(consumers).unwrap_or_default());
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
            // What went wrong comes last.
            let lines: Vec<&str> = stream.lines().collect();
            let from = if build.ok { 0 } else { lines.len().saturating_sub(LINES) };
            for line in lines.iter().skip(from).take(LINES) {
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
    let mut nix = shown(&proof.judge);
    if proof.derivations_by != "nix" {
        nix.push_str(&format!(", with {}", proof.derivations_by));
    }
    let of = count(proof.outputs.len(), "output");
    let (before, after) = (bold(&shown(&proof.before)), bold(&shown(&proof.after)));
    let says = format!("{verdict}: {same} of {of} the same in {before} and {after}, says {nix}");
    text.push_str(&wrapped("", &says));
    if proof.unreachable {
        let again = match proof.fetches_again {
            true => " This Nix fetches the inputs of partitions again, even where its store has them.",
            false => "",
        };
        let what = format!("Something could not be fetched; with the network back, run it again.{again}");
        text.push_str(&wrapped("", &what));
    }
    text
}
