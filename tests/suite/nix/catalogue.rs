//! The catalogue: flakes by the names of their shapes, `catalogue/NAME.nix`, and beside each what comes of
//! it, `catalogue/NAME.snap`: whole files, with `␍` for the carriage return of a line end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use flakepart::nix::{Declarations, NixError, Source, add_inputs, remove_inputs, repoint};
use serde_json::Value;

use super::declared;
use crate::support::{isolated, skipped};

/// What is taken out of each shape.
const REMOVED: &str = "heavy";

/// What is added to each: `extra`.
const ADDED: &str = "{ inputs.extra.url = \"github:o/extra\"; outputs = _: { }; }";

/// The names and texts of all shapes.
fn shapes() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/nix/catalogue");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "nix"));
    files.sort();
    let shape = |file: PathBuf| {
        (file.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&file).unwrap())
    };
    files.into_iter().map(shape).collect()
}

fn removed(text: &str, name: &str) -> Result<String, NixError> {
    let source = Source::parse(text.as_bytes())?;
    Ok(remove_inputs(&source, &Declarations::read(&source)?, &[name])?.apply(text))
}

fn added(text: &str) -> Result<String, NixError> {
    let (source, from) = (Source::parse(text.as_bytes())?, super::source(ADDED));
    let extra = declared(ADDED)?.inputs.remove("extra").unwrap();
    Ok(add_inputs(&source, &Declarations::read(&source)?, &from, &[&extra])?.apply(text))
}

fn repointed(text: &str, path: &[&str], target: &str) -> Result<String, NixError> {
    let source = Source::parse(text.as_bytes())?;
    Ok(repoint(&source, &Declarations::read(&source)?, REMOVED, path, target)?.apply(text))
}

/// The results of the three edits of a shape. Undoing what was added or pointed elsewhere has given the
/// bytes of before.
struct Edited {
    without: Result<String, NixError>,
    with: Result<String, NixError>,
    elsewhere: Result<String, NixError>,
}

impl Edited {
    fn of(given: &str) -> Result<Edited, NixError> {
        let declarations = declared(given)?;
        let with = added(given);
        if let Ok(with) = &with {
            assert_eq!(removed(with, "extra").unwrap(), given, "not taken out again");
        }
        let mut elsewhere = Ok(given.to_owned());
        let mut back = Vec::new();
        if let Some(heavy) = declarations.inputs.get(REMOVED) {
            // Each reference in turn; where there is none, the URL that is missing.
            let mut targets: Vec<(Vec<&str>, &str, &str)> = Vec::new();
            for setting in &heavy.settings {
                let path: Vec<&str> = setting.path.iter().map(String::as_str).collect();
                let (Some(last), Some(before)) = (path.last(), &setting.string) else { continue };
                match *last {
                    "url" if setting.is_path || before.starts_with(['.', '/']) => {
                        targets.push((path, "../else/where", before))
                    }
                    "url" => targets.push((path, "github:o/elsewhere?ref=x", before)),
                    "follows" => targets.push((path, "else/where", before)),
                    _ => {}
                }
            }
            if targets.is_empty() {
                targets.push((vec!["url"], "github:o/elsewhere", ""));
            }
            for (path, target, before) in targets {
                elsewhere = elsewhere.and_then(|text| repointed(&text, &path, target));
                back.push((path, before.to_owned()));
            }
        }
        if let Ok(elsewhere) = &elsewhere {
            let text = back
                .iter()
                .fold(elsewhere.clone(), |text, (path, before)| repointed(&text, path, before).unwrap());
            assert_eq!(text, given, "not pointed back");
        }
        Ok(Edited { without: removed(given, REMOVED), with, elsewhere })
    }
}

fn visible(text: &str) -> String {
    let end = if text.ends_with('\n') { "" } else { "\n\\ no newline at the end\n" };
    format!("{}{end}", text.replace('\r', "␍"))
}

fn refusal(error: &NixError) -> String {
    let who = match error {
        NixError::CannotEdit { .. } => "flakepart refuses",
        _ => "Nix refuses",
    };
    format!("flake.nix:{}: {error} ({who})\n", error.line().unwrap())
}

#[test]
fn every_shape_is_edited_as_its_snapshot_shows() {
    for (name, given) in shapes() {
        let mut text = format!("--- given ---\n{}", visible(&given));
        let mut section = |title: &str, result: &Result<String, NixError>| match result {
            Ok(result) if *result == given => writeln!(text, "--- {title}: the same ---").unwrap(),
            Ok(result) => write!(text, "--- {title} ---\n{}", visible(result)).unwrap(),
            Err(error) => write!(text, "--- {title} ---\n{}", refusal(error)).unwrap(),
        };
        match Edited::of(&given) {
            Ok(edited) => {
                section("without heavy", &edited.without);
                section("with extra", &edited.with);
                section("heavy from elsewhere", &edited.elsewhere);
            }
            Err(error) => section("read", &Err(error)),
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("catalogue");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}

/// What a flake.nix says about its inputs, as flakepart reads it; paths from the file's folder.
fn said(text: &str, folder: &Path) -> BTreeMap<String, String> {
    let inputs = declared(text).unwrap().inputs;
    let settings = inputs.values().flat_map(|input| {
        input.settings.iter().map(|setting| {
            let path: Vec<&str> = setting.path.iter().map(String::as_str).collect();
            let value = match &setting.string {
                Some(path) if setting.is_path => below(folder, path),
                Some(string) => string.clone(),
                None => setting.text.clone(),
            };
            (format!("{:?} {path:?}", input.name), value)
        })
    });
    settings.collect()
}

fn below(folder: &Path, path: &str) -> String {
    let mut folder = folder.to_owned();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(folder.pop()),
            part => folder.push(part),
        }
    }
    folder.to_str().unwrap().to_owned()
}

/// The same, as Nix evaluated it.
fn evaluated(inputs: &Value) -> BTreeMap<String, String> {
    let mut said = BTreeMap::new();
    let mut open: Vec<(String, Vec<String>, &Value)> = Vec::new();
    for (name, input) in inputs.as_object().unwrap().iter().filter(|(name, _)| *name != "self") {
        open.push((name.clone(), Vec::new(), input));
    }
    while let Some((name, path, value)) = open.pop() {
        match value {
            Value::Object(set) => open.extend(set.iter().map(|(attr, value)| {
                (name.clone(), [path.as_slice(), std::slice::from_ref(attr)].concat(), value)
            })),
            Value::String(text) => drop(said.insert(format!("{name:?} {path:?}"), text.clone())),
            other => drop(said.insert(format!("{name:?} {path:?}"), other.to_string())),
        }
    }
    said
}

#[test]
fn nix_reads_what_flakepart_reads() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    if isolated("nix-instantiate", &folder).arg("--version").output().is_err() {
        return skipped("no nix-instantiate on this machine");
    }
    let mut files = BTreeMap::new();
    for (name, given) in shapes() {
        let Ok(edited) = Edited::of(&given) else { continue };
        // Nix 2.8 does not put together what newer ones do.
        let parse = || isolated("nix-instantiate", &folder).args(["--parse", "--expr", &given]).output();
        if name.starts_with("newer-nix-") && !parse().unwrap().status.success() {
            skipped(&format!("this Nix does not read {name}"));
            continue;
        }
        let results = [Ok(given), edited.without, edited.with, edited.elsewhere];
        for (edit, text) in ["given", "without", "with", "elsewhere"].iter().zip(results) {
            let Ok(text) = text else { continue };
            let below = folder.join(&name).join(edit);
            fs::create_dir_all(&below).unwrap();
            fs::write(below.join("flake.nix"), &text).unwrap();
            files.insert(below, text);
        }
    }
    let list: String = files.keys().fold(String::new(), |mut list, file| {
        let file = file.display();
        let _ = writeln!(list, "\"{file}\" = plain ((import {file}/flake.nix).inputs or {{ }});");
        list
    });
    let plain = "plain = v: if builtins.isAttrs v then builtins.mapAttrs (_: plain) v \
                 else if builtins.isPath v then toString v else v;";
    let expression = folder.join("all.nix");
    fs::write(&expression, format!("let {plain} in {{ {list} }}")).unwrap();
    let mut nix = isolated("nix-instantiate", &folder);
    nix.args(["--eval", "--strict", "--json"]).arg(&expression);
    let output = nix.env("NIX_STATE_DIR", folder.join("state")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: BTreeMap<PathBuf, Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(read.len() > 400, "{}", read.len());
    for (file, text) in files {
        assert_eq!(evaluated(&read[&file]), said(&text, &file), "{}:\n{text}", file.display());
    }
}

#[test]
fn nix_refuses_what_flakepart_says_it_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    if isolated("nix", &folder).arg("--version").output().is_err() {
        return skipped("no nix on this machine");
    }
    let (leaf, flake) = (folder.join("leaf"), folder.join("flake"));
    fs::create_dir_all(&leaf).unwrap();
    fs::create_dir_all(&flake).unwrap();
    fs::write(leaf.join("flake.nix"), "{ outputs = _: { }; }").unwrap();
    // Something that can be fetched.
    let reference = format!("\"path:{}\"", leaf.display());
    for (name, given) in shapes() {
        let Err(error) = declared(&given) else { continue };
        let given = given.replace("\"github:o/heavy\"", &reference).replace("\"github:o/light\"", &reference);
        fs::write(flake.join("flake.nix"), &given).unwrap();
        let mut nix = isolated("nix", &folder);
        nix.args(["--extra-experimental-features", "nix-command flakes", "--offline", "--store"]);
        nix.arg(folder.join("store"))
            .args(["flake", "metadata", "--no-write-lock-file"])
            .arg(format!("path:{}", flake.display()));
        let output = nix.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        match error {
            NixError::CannotEdit { .. } => assert!(output.status.success(), "{name}: {said}"),
            _ => assert!(!output.status.success(), "{name}: Nix takes this flake:\n{given}"),
        }
    }
}
