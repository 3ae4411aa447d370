//! What `verify` makes of a split that is right, and of the same split with one thing wrong.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::on_each_nix;
use super::world::{Nix, lock};
use crate::support::Repo;

on_each_nix!(gives_each_mutation_its_verdict, never_takes_a_revision_on_trust);

const PARTITION: &str = "nix/agents/partition.nix";
const NESTED_LOCK: &str = "nix/agents/_inputs/flake.lock";

/// What the fixture lacks: a module, a template, a check of the whole source and one of a part of it, and
/// a shell that takes a heavy package where there is one.
const MORE: &str = r#"
{ inputs, ... }:
{
  flake.nixosModules.box =
    { config, lib, ... }:
    {
      options.box = lib.mkOption { };
      config.environment = config.box;
    };
  flake.templates.box = {
    path = ../template;
    description = "A box";
  };
  perSystem =
    { pkgs, system, ... }:
    {
      checks.whole = pkgs.runCommand "whole" { src = ../.; } "touch $out";
      checks.part = pkgs.runCommand "part" { src = ../src; } "touch $out";
      devShells.agents = pkgs.mkShell {
        packages = [ (inputs.hermes-agent.packages.${system}.default or pkgs.hello) ];
      };
    };
}
"#;

/// Only the heavy inputs, whatever else may go with them.
const SPLIT: [&str; 9] = [
    "split",
    "--input",
    "hermes-agent",
    "--input",
    "pi-mono",
    "--partition",
    "agents",
    "--yes",
    "--no-verify",
];

type Mutation = (&'static str, fn(&Repo));

const MUTATIONS: [Mutation; 22] = [
    ("nothing", |_| {}),
    ("attribute not routed", |repo| repo.replace(PARTITION, "    packages = \"agents\";\n", "")),
    ("`or default` silently taken", |repo| repo.replace(PARTITION, "    devShells = \"agents\";\n", "")),
    ("alias to another revision", |repo| pin_alias(repo, |_, older| older)),
    ("changed builder argument", |repo| repo.replace("nix/check.nix", "sh -n", "sh -en")),
    ("changed builder argument in what embeds the source", |repo| {
        repo.replace("nix/more.nix", "{ src = ../.; } \"touch $out\"", "{ src = ../.; } \"touch  $out\"");
    }),
    ("changed input derivation", |repo| {
        repo.replace("nix/treefmt.nix", "programs.shfmt.enable = true;", "");
    }),
    ("another output of the same derivation", |repo| {
        let part = "{ src = ../src; } \"touch $out\"";
        repo.replace("nix/more.nix", part, &format!("{part} // {{ outputName = \"dev\"; }}"));
    }),
    ("lost output", |repo| drop(repo.git(&["rm", "--quiet", "nix/check.nix"]))),
    ("new output", |repo| {
        repo.write("nix/new.nix", "{ perSystem = { pkgs, ... }: { checks.new = pkgs.hello; }; }");
        repo.git(&["add", "nix/new.nix"]);
    }),
    ("error introduced", |repo| repo.replace("nix/check.nix", "sh -n", "${throw \"not yet\"}")),
    ("overlay without an attribute", |repo| {
        repo.replace("nix/overlay.nix", "[ \"default\" ]", "[ \"default\" \"pibox\" ]");
    }),
    ("overlay with another package", |repo| {
        repo.replace(
            "nix/overlay.nix",
            "final: _prev:",
            "final: _prev: { claudebox = final.hello; } // (final: removeAttrs final [ \"claudebox\" ]) (",
        );
        repo.replace("nix/overlay.nix", "[ \"default\" ];", "[ \"default\" ]);");
    }),
    ("app program changed", |repo| {
        repo.replace("nix/boxes.nix", "program = lib.getExe package;", "program = \"${package}/bin/box\";");
    }),
    ("module removed", |repo| {
        repo.replace("nix/more.nix", "flake.nixosModules.box", "flake.nixosModules.bax")
    }),
    ("module without its options", |repo| {
        repo.replace("nix/more.nix", "options.box = lib.mkOption { };", "")
    }),
    ("module with other contents", |repo| repo.replace("nix/more.nix", "config.box;", "lib.id config.box;")),
    ("template changed", |repo| repo.write("template/flake.nix", "{ outputs = _: { boxes = { }; }; }\n")),
    ("source-only change", |repo| {
        repo.write("README.md", "Boxes.\n");
        repo.git(&["add", "README.md"]);
    }),
    ("source-only change of a part", |repo| repo.write("src/LICENSE", "Not any more.\n")),
    ("change of Nix code in the source", |repo| repo.write("src/default.nix", "{ }: { }\n")),
    ("system missing", |repo| {
        repo.replace("flake.nix", "import inputs.systems", "[ \"x86_64-linux\" ]");
    }),
];

/// Has the alias of nixpkgs in the nested lock pin something else: `pin` gets what it pins, and what
/// pins an older nixpkgs.
fn pin_alias(repo: &Repo, pin: fn(Value, Value) -> Value) {
    let mut nested = lock(repo, NESTED_LOCK);
    let older = lock(&Repo::agent_boxes(), "flake.lock")["nodes"]["nixpkgs"]["locked"].take();
    let locked = &mut nested["nodes"]["root-nixpkgs"]["locked"];
    assert_ne!(locked["rev"], older["rev"]);
    *locked = pin(locked.take(), older);
    repo.write(NESTED_LOCK, serde_json::to_string_pretty(&nested).unwrap());
}

/// The fixture with more in it, after the split, which is not committed.
fn split(nix: &Nix) -> Repo {
    let repo = Repo::agent_boxes();
    repo.write("nix/more.nix", MORE);
    repo.write("template/flake.nix", "{ outputs = _: { }; }\n");
    repo.write("template/README.md", "A box.\n");
    repo.write("src/LICENSE", "Free.\n");
    repo.write("src/default.nix", "{ }\n");
    std::os::unix::fs::symlink("nowhere", repo.path().join("src/link")).unwrap();
    repo.replace(
        "flake.nix",
        "    hermes-agent.inputs.systems",
        "    hermes-agent.inputs.nixpkgs.follows = \"nixpkgs\";\n    hermes-agent.inputs.systems",
    );
    repo.git(&["add", "-A"]);
    nix.ask(repo.path(), &["flake", "lock"]);
    repo.commit();
    let ran = nix.flakepart(&repo, &SPLIT);
    assert_eq!(ran.code, Some(0), "{ran}");
    repo.git(&["add", "-A"]);
    repo
}

fn gives_each_mutation_its_verdict(nix: &Nix) {
    let repo = split(nix);
    let split = repo.git(&["write-tree"]);

    let mut table = String::new();
    let mut always = BTreeSet::new();
    for (name, mutate) in MUTATIONS {
        repo.git(&["read-tree", "-u", "--reset", split.trim()]);
        mutate(&repo);
        let (ran, proof) = nix.verify(&repo, &[]);
        writeln!(table, "{name}: {} ({})", proof["verdict"].as_str().unwrap(), ran.code.unwrap()).unwrap();
        let told = told(&proof);
        for line in told.difference(&always) {
            writeln!(table, "  {line}").unwrap();
        }
        if always.is_empty() {
            always = told;
        }
    }
    insta::assert_snapshot!("verdicts", table);
}

/// Every output that is not the same, and every one that could not be looked at; where it is the same for
/// both systems, once.
fn told(proof: &Value) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let outputs = proof["outputs"].as_array().unwrap().iter();
    let outputs = outputs.filter(|output| output["verdict"] != "same").map(|output| {
        format!("{} {} {}", text(&output["attr"]), text(&output["verdict"]), text(&output["message"]))
    });
    let skipped = proof["skipped"].as_array().unwrap().iter();
    let skipped =
        skipped.map(|skipped| format!("{} not looked at: {}", text(&skipped["attr"]), text(&skipped["why"])));
    // Overlays are applied for one system, this machine's.
    let here = format!("{}-linux", std::env::consts::ARCH);
    let line = |line: String| match line.trim_end() {
        overlay if overlay.starts_with("overlays") => overlay.replace(&here, "(this system)"),
        line => line.to_owned(),
    };
    let lines: BTreeSet<String> = outputs.chain(skipped).map(line).collect();
    let other = |line: &str| {
        let other = line.replace("aarch64-linux", "x86_64-linux");
        if other == line { line.replace("x86_64-linux", "aarch64-linux") } else { other }
    };
    let both = |line: &String| lines.contains(&other(line)) && other(line) != *line;
    lines
        .iter()
        .map(|line| {
            if both(line) {
                line.replace("aarch64-linux", "*").replace("x86_64-linux", "*")
            } else {
                line.clone()
            }
        })
        .collect()
}

/// Nix 2.8 has the content in its store, and so never asks for the revision.
fn never_takes_a_revision_on_trust(nix: &Nix) {
    let repo = split(nix);
    pin_alias(&repo, |mut locked, _| {
        locked["rev"] = Value::from("0123456789012345678901234567890123456789");
        locked
    });
    let (ran, proof) = nix.verify(&repo, &["--output", "packages.hermesbox"]);
    let verdict = (ran.code, proof["verdict"].as_str().unwrap());
    assert_eq!(verdict, if nix.name() == "nix-2.8" { (Some(0), "proved") } else { (Some(3), "incomplete") });
    assert_eq!(
        proof["skipped"],
        json!([{
            "attr": "root-nixpkgs in nix/agents/_inputs/flake.lock",
            "why": "pinned with the content of another revision, so Nix need not have fetched \
                    0123456789012345678901234567890123456789",
        }])
    );
}
