//! `split`: it moves what is heavy, Nix agrees with it, and otherwise it touches nothing.

use serde_json::{Value, json};

use super::on_each_nix;
use super::world::{Nix, lock, nodes, outputs, url, worse};
use crate::support::Repo;

on_each_nix!(
    moves_the_heavy_inputs_and_proves_that_nothing_else_changes,
    writes_locks_that_nix_leaves_as_they_are,
    keeps_every_derivation,
    passes_the_flake_s_own_checks,
    works_in_a_subfolder_of_the_repository,
    leaves_nothing_to_do,
    changes_nothing_when_the_proof_fails,
    changes_nothing_when_inputs_cannot_be_fetched,
);

const NESTED_LOCK: &str = "nix/agents/_inputs/flake.lock";

fn moves_the_heavy_inputs_and_proves_that_nothing_else_changes(nix: &Nix) {
    let repo = Repo::agent_boxes();
    let ran = nix.flakepart(&repo, &["split", "--yes", "--format", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));

    let mut plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    let proof = plan.as_object_mut().unwrap().remove("proof").unwrap();
    // Their words are tested where they are made.
    for note in plan["notes"].as_array_mut().unwrap() {
        *note = note["code"].take();
    }
    assert_eq!(
        plan,
        json!({
            "schema": 1,
            "partition": "agents",
            "inputs": ["hermes-agent", "pi-mono"],
            "attrs": ["apps", "packages"],
            "folder": "nix/agents/_inputs",
            "partitions": [{
                "partition": "agents",
                "inputs": ["hermes-agent", "pi-mono"],
                "attrs": ["apps", "packages"],
                "folder": "nix/agents/_inputs",
                "aliases": { "systems": "root-systems" },
                "nestedNodes": 13,
            }],
            "files": [
                { "path": "flake.lock", "action": "edit" },
                { "path": "flake.nix", "action": "edit" },
                { "path": "nix/agents/_inputs/flake.lock", "action": "create" },
                { "path": "nix/agents/_inputs/flake.nix", "action": "create" },
                { "path": "nix/agents/partition.nix", "action": "create" },
            ],
            "rootNodesBefore": 17,
            "rootNodesAfter": 5,
            "nestedNodes": 13,
            "notes": ["consumers-lose-inputs", "update-nested"],
            "applied": true,
        })
    );

    assert_eq!(proof["verdict"], "proved");
    assert_eq!(proof["nix"], Value::from(nix.ask(repo.path(), &["--version"]).trim()));
    assert_eq!(
        proof["skipped"],
        json!([{ "attr": "overlays.default", "why": "for other systems than x86_64-linux" }])
    );
    assert_eq!(proof["builds"], json!([]));
    assert_eq!(
        outputs(&proof),
        [
            "apps.aarch64-linux.claudebox same",
            "apps.aarch64-linux.default same",
            "apps.aarch64-linux.hermesbox same",
            "apps.aarch64-linux.pibox same",
            "apps.x86_64-linux.claudebox same",
            "apps.x86_64-linux.default same",
            "apps.x86_64-linux.hermesbox same",
            "apps.x86_64-linux.pibox same",
            "checks.aarch64-linux.launcher same",
            "checks.aarch64-linux.treefmt source-dependent",
            "checks.x86_64-linux.launcher same",
            "checks.x86_64-linux.treefmt source-dependent",
            "devShells.aarch64-linux.default same",
            "devShells.x86_64-linux.default same",
            "formatter.aarch64-linux same",
            "formatter.x86_64-linux same",
            "overlays.default.claudebox same",
            "overlays.default.hermesbox same",
            "overlays.default.pibox same",
            "packages.aarch64-linux.claudebox same",
            "packages.aarch64-linux.default same",
            "packages.aarch64-linux.hermesbox same",
            "packages.aarch64-linux.pibox same",
            "packages.x86_64-linux.claudebox same",
            "packages.x86_64-linux.default same",
            "packages.x86_64-linux.hermesbox same",
            "packages.x86_64-linux.pibox same",
        ]
    );

    // ` A` is known to git and not staged.
    assert_eq!(
        repo.git(&["status", "--porcelain", "--untracked-files=all"]),
        " M flake.lock\n M flake.nix\n A nix/agents/_inputs/flake.lock\n A nix/agents/_inputs/flake.nix\n \
         A nix/agents/partition.nix\n"
    );
    assert_eq!(nodes(&lock(&repo, "flake.lock")), 5);
    assert_eq!(nodes(&lock(&repo, NESTED_LOCK)), 13);
}

fn writes_locks_that_nix_leaves_as_they_are(nix: &Nix) {
    let repo = nix.split_fixture();
    for (folder, lock) in [("", "flake.lock"), ("nix/agents/_inputs", NESTED_LOCK)] {
        let folder = repo.path().join(folder);
        let written = repo.read(lock);
        nix.ask(&folder, &["flake", "lock"]);
        assert_eq!(repo.read(lock), written, "{lock}");

        // Made anew it is the same: all inputs are as new as can be. Nix 2.8 names the branch otherwise
        // where the flake names none.
        std::fs::remove_file(repo.path().join(lock)).unwrap();
        nix.ask(&folder, &["flake", "lock"]);
        let anew = repo.read(lock).replace("\"ref\": \"master\"", "\"ref\": \"refs/heads/main\"");
        assert_eq!(anew, written, "{lock}");
    }
}

/// What the flake offers, asked of Nix and not of flakepart. The treefmt check is left out: it embeds the
/// flake's source, so any edit changes it.
fn offered(nix: &Nix, flake: &str) -> Value {
    let expr = format!(
        r#"
        let
          flake = builtins.getFlake "{flake}";
          all = f: builtins.mapAttrs (_: builtins.mapAttrs (_: f));
          plain = builtins.unsafeDiscardStringContext;
          drv = package: plain package.drvPath;
          app = app: {{
            program = plain app.program;
            drvs = builtins.attrNames (builtins.getContext app.program);
          }};
          overlaid = system: _: flake.overlays.default {{ stdenv.hostPlatform.system = system; }} {{ }};
        in
        {{
          names = builtins.attrNames flake.outputs;
          packages = all drv flake.packages;
          apps = all app flake.apps;
          devShells = all drv flake.devShells;
          formatter = builtins.mapAttrs (_: drv) flake.formatter;
          checks = all drv (builtins.mapAttrs (_: checks: removeAttrs checks [ "treefmt" ]) flake.checks);
          overlay = all drv (builtins.mapAttrs overlaid flake.packages);
        }}
        "#
    );
    // Impure, for nothing but a work tree that is not committed.
    serde_json::from_str(&nix.ask(&std::env::temp_dir(), &["eval", "--impure", "--json", "--expr", &expr]))
        .unwrap()
}

fn keeps_every_derivation(nix: &Nix) {
    let repo = Repo::agent_boxes();
    let before = offered(nix, &url(&repo));
    // Enough is there to be compared.
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&before["packages"]["x86_64-linux"]), ["claudebox", "default", "hermesbox", "pibox"]);
    assert_eq!(names(&before["overlay"]["aarch64-linux"]), ["claudebox", "hermesbox", "pibox"]);

    let ran = nix.flakepart(&repo, &["split", "--yes"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(offered(nix, &url(&repo)), before, "in the work tree");
    repo.commit();
    assert_eq!(offered(nix, &url(&repo)), before, "committed");
}

/// Among them is one that looks at every file that was written.
fn passes_the_flake_s_own_checks(nix: &Nix) {
    let repo = nix.split_fixture();
    nix.ask(repo.path(), &["flake", "check"]);
}

fn works_in_a_subfolder_of_the_repository(nix: &Nix) {
    let repo = Repo::agent_boxes();
    let before = offered(nix, &url(&repo));
    std::fs::create_dir(repo.path().join("boxes")).unwrap();
    for name in ["flake.nix", "flake.lock", "nix", "src"] {
        repo.git(&["mv", name, "boxes"]);
    }
    repo.commit();
    assert_eq!(offered(nix, &format!("{}?dir=boxes", url(&repo))), before);
    let ran = nix.flakepart(&repo, &["split", "boxes", "--yes"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(offered(nix, &format!("{}?dir=boxes", url(&repo))), before);

    let written = repo.state();
    nix.ask(&repo.path().join("boxes"), &["flake", "lock"]);
    nix.ask(&repo.path().join("boxes/nix/agents/_inputs"), &["flake", "lock"]);
    assert_eq!(repo.state(), written);
}

fn leaves_nothing_to_do(nix: &Nix) {
    let repo = Repo::agent_boxes();
    let all = nix.flakepart(&repo, &["split", "--all", "--yes"]);
    assert_eq!(all.code, Some(0), "{all}");
    let state = repo.state();
    let again = nix.flakepart(&repo, &["split", "--yes"]);
    assert_eq!(
        (again.code, again.stdout.as_str(), again.stderr.as_str()),
        (Some(0), "", "flakepart: nothing to do; no partition is proposed (`flakepart analyze` says why)\n")
    );
    let check = nix.flakepart(&repo, &["check"]);
    assert_eq!((check.code, check.stdout.as_str()), (Some(0), ""), "{check}");
    assert_eq!(repo.state(), state);
}

/// A check that reads the root's lock by itself. No code names the input, so no plan can know.
const READS_THE_LOCK: &str = r#"
{
  perSystem =
    { pkgs, ... }:
    let
      nodes = (builtins.fromJSON (builtins.readFile ../flake.lock)).nodes;
    in
    {
      checks.pinned = pkgs.runCommand "pinned" { rev = nodes.hermes-agent.locked.rev or "none"; } ''
        echo "$rev" > "$out"
      '';
    };
}
"#;

fn changes_nothing_when_the_proof_fails(nix: &Nix) {
    let repo = Repo::agent_boxes();
    repo.write("nix/pinned.nix", READS_THE_LOCK);
    repo.commit();
    let state = repo.state();
    let ran = nix.flakepart(&repo, &["split", "--yes", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert_eq!(repo.state(), state);

    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&plan["applied"], &plan["proof"]["verdict"]), (&json!(false), &json!("refuted")));
    let locked = &lock(&repo, "flake.lock")["nodes"]["hermes-agent"]["locked"];
    let why = format!("`rev` of pinned was `{}` and is `none`", locked["rev"].as_str().unwrap());
    assert_eq!(
        worse(&plan["proof"]),
        [
            format!("checks.aarch64-linux.pinned different: {why}"),
            format!("checks.x86_64-linux.pinned different: {why}"),
        ]
    );
}

fn changes_nothing_when_inputs_cannot_be_fetched(nix: &Nix) {
    let repo = Repo::agent_boxes();
    let state = repo.state();
    let ran = nix.in_the_light_world().flakepart(&repo, &["split", "--yes", "--format", "json"]);
    assert_eq!(ran.code, Some(3), "{ran}");
    assert_eq!(repo.state(), state);

    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&plan["applied"], &plan["proof"]["verdict"]), (&json!(false), &json!("incomplete")));
}
