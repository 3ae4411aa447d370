//! What holds for real trees, those below the folder that `FLAKEPART_TREES` names: every file is read as
//! it is, and each input of each flake.nix can be taken out, put back and pointed elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use flakepart::nix::{Declarations, Edits, NixError, Source, add_inputs, remove_inputs, repoint};

use super::{declared, source};
use crate::support::skipped;

/// Every Nix file below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() && entry.path().extension().is_some_and(|end| end == "nix") => {
                    files.push(entry.path());
                }
                _ => {}
            }
        }
    }
    files.sort();
    files
}

/// The declarations but for one input, to compare.
fn others(text: &str, name: &str) -> Vec<(String, Vec<flakepart::nix::Setting>, Vec<String>)> {
    let inputs = declared(text).unwrap_or_else(|error| panic!("{error:?} in\n{text}")).inputs;
    let others = inputs.into_values().filter(|input| input.name != name);
    others.map(|input| (input.name, input.settings, input.comments)).collect()
}

/// The result of edits, after a look at that it has every byte outside of their ranges.
fn applied(edits: Edits, text: &str) -> String {
    let mut ranges: Vec<Range<usize>> = edits.ranges().cloned().collect();
    ranges.sort_by_key(|range| range.start);
    let result = edits.apply(text);
    ranges.push(text.len()..text.len());
    let mut rest = result.as_str();
    let mut kept = 0;
    for range in ranges {
        let outside = &text[kept..range.start.max(kept)];
        let at = rest.find(outside).unwrap_or_else(|| panic!("{outside:?} is gone from\n{result}"));
        rest = &rest[at + outside.len()..];
        kept = kept.max(range.end);
    }
    assert_eq!(rest, "", "{result}");
    result
}

#[test]
fn real_flakes_lose_gain_and_repoint_each_input() {
    let Some(trees) = std::env::var_os("FLAKEPART_TREES") else {
        return skipped("FLAKEPART_TREES names no folder");
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut refusals = String::new();
    for file in files(Path::new(&trees)) {
        *counts.entry("files".to_owned()).or_default() += 1;
        let mut count = |what: &str| *counts.entry(what.to_owned()).or_default() += 1;
        let refusals = &mut refusals;
        let refuse = |refusals: &mut String, what: &str, error: &NixError| {
            let line = error.line().unwrap_or_default();
            writeln!(refusals, "{}:{line}: {what}: {error}", file.display()).unwrap();
        };
        let bytes = fs::read(&file).unwrap();
        let parsed = match Source::parse(&bytes) {
            Ok(parsed) => parsed,
            Err(error) => {
                count("files refused");
                refuse(refusals, "read", &error);
                continue;
            }
        };
        let text = parsed.text();
        assert_eq!(text.as_bytes(), bytes, "{}", file.display());
        if file.file_name().unwrap() != "flake.nix" {
            continue;
        }
        count("flakes");
        let declarations = match Declarations::read(&parsed) {
            Ok(declarations) => declarations,
            Err(error) => {
                count("flakes refused");
                refuse(refusals, "declarations", &error);
                continue;
            }
        };
        for (name, input) in &declarations.inputs {
            count("inputs");
            let without = match remove_inputs(&parsed, &declarations, &[name]) {
                Ok(edits) => applied(edits, text),
                Err(error) => {
                    count("removals refused");
                    refuse(refusals, &format!("without {name}"), &error);
                    continue;
                }
            };
            count("removals");
            assert_eq!(others(&without, name), others(text, name), "{}", file.display());
            assert!(!declared(&without).unwrap().inputs.contains_key(name), "{}: {name}", file.display());

            let shorter = source(&without);
            let read = Declarations::read(&shorter).unwrap();
            match add_inputs(&shorter, &read, &parsed, &[input]) {
                Ok(edits) => {
                    count("additions");
                    let with = applied(edits, &without);
                    assert_eq!(declared(&with).unwrap().inputs[name].settings, input.settings);
                    assert_eq!(others(&with, name), others(text, name), "{}", file.display());
                    let with = source(&with);
                    let read = Declarations::read(&with).unwrap();
                    let again = remove_inputs(&with, &read, &[name]).unwrap().apply(with.text());
                    if again != without {
                        count("additions undone with other bytes");
                        writeln!(refusals, "{}: {name}: undone with other bytes", file.display()).unwrap();
                    }
                }
                Err(error) => {
                    count("additions refused");
                    refuse(refusals, &format!("with {name}"), &error);
                }
            }

            let references = input.settings.iter().filter(|setting| {
                ["url", "follows"].contains(&setting.path.last().map_or("", String::as_str))
            });
            for setting in references {
                let path: Vec<&str> = setting.path.iter().map(String::as_str).collect();
                match repoint(&parsed, &declarations, name, &path, "else/where") {
                    Ok(edits) => {
                        count("re-pointings");
                        let elsewhere = source(&applied(edits, text));
                        let read = Declarations::read(&elsewhere).unwrap();
                        let before = setting.string.as_deref().unwrap();
                        let back = repoint(&elsewhere, &read, name, &path, before).unwrap();
                        if back.apply(elsewhere.text()) != text {
                            count("re-pointings undone with other bytes");
                        }
                    }
                    Err(error) => {
                        count("re-pointings refused");
                        refuse(refusals, &format!("{name} elsewhere"), &error);
                    }
                }
            }
        }
    }
    // Seen with `--nocapture`: numbers of other people's trees, which no test can know.
    println!("{refusals}{counts:#?}");
    assert!(counts.contains_key("removals"), "no flakes in {}", Path::new(&trees).display());
}
