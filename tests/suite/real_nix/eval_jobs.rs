//! `verify` with `nix-eval-jobs`. There is none for these Nix in any registry: a stand-in takes the arguments
//! and prints the lines of the real one (2.26 to 2.33), and has the real Nix evaluate each job.

use serde_json::{Value, json};

use super::on_each_nix;
use super::world::{Nix, outputs};
use crate::support::Repo;

on_each_nix!(
    gives_the_same_proof,
    is_not_asked_where_it_is_another_release,
    is_not_relied_on_where_it_leaves_jobs_out,
    is_not_relied_on_where_it_ends,
    is_not_asked_for_another_store,
);

/// Takes the arguments as the real one does: only those that it has.
const STAND_IN: &str = r#"
pure= flakes= expr=
while [ $# -gt 0 ]; do
  case $1 in
    --workers) [ "$2" -ge 1 ] || exit 1; shift ;;
    --expr) expr=$2; shift ;;
    --option)
      case "$2 $3" in
        'pure-eval true') pure=1 ;;
        'extra-experimental-features nix-command flakes') flakes=1 ;;
        *) exit 1 ;;
      esac
      shift 2 ;;
    *) echo "error: unrecognised flag '$1'" >&2; exit 1 ;;
  esac
  shift
done
[ "$pure$flakes" = 11 ] || exit 1
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
names=$("$NIX" eval --raw --expr "toString (builtins.attrNames ($expr))") || exit 1
for name in $names; do
  job="attr = \"$name\"; attrPath = [ \"$name\" ];"
  "$NIX" eval --raw --expr "
    let v = ($expr).$name; in assert v.type == \"derivation\";
    builtins.unsafeDiscardStringContext (builtins.toJSON {
      $job inherit (v) name system drvPath; inputDrvs = { }; outputs.out = v.outPath;
    })" 2> "$errors" ||
  "$NIX" eval --impure --json --expr "{ $job error = builtins.readFile \"$errors\"; }"
  echo
done
"#;

/// All that may be in a flake, and fail.
fn flake() -> Repo {
    const FLAKE: &str = r#"{
  inputs.nobody = { url = "git+file:///nowhere/nobody"; flake = false; };
  outputs = inputs:
    let
      make = name: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; };
    in
    {
      packages.x86_64-linux = {
        changed = make "changed";
        fetched = make "fetched" // { drvPath = "${inputs.nobody}"; };
        gone = (make "gone") // { inherit (inputs) missing; drvPath = inputs.missing; };
        # nix-eval-jobs would call it.
        odd = make "odd" // { __functor = _: { a ? 1 }: make "other"; };
        same = make "same";
        thrown = make "thrown" // { drvPath = throw "not yet"; };
      };
      nixosConfigurations."a.b".config.system.build.toplevel = make "toplevel";
      apps.x86_64-linux.app = { type = "app"; program = "${make "app"}/bin/app"; };
      nixosModules.module = { pkgs, ... }: { };
      value = 1;
    };
}
"#;
    let lock = json!({
        "nodes": {
            "nobody": {
                "flake": false,
                "locked": {
                    "lastModified": 1,
                    "narHash": "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                    "rev": "0000000000000000000000000000000000000001",
                    "ref": "main",
                    "revCount": 1,
                    "type": "git",
                    "url": "file:///nowhere/nobody",
                },
                "original": { "type": "git", "url": "file:///nowhere/nobody" },
            },
            "root": { "inputs": { "nobody": "nobody" } },
        },
        "root": "root",
        "version": 7,
    });
    let repo = Repo::new(&[("flake.nix", FLAKE), ("flake.lock", &lock.to_string())]);
    repo.commit();
    repo.replace("flake.nix", "make \"changed\"", "make \"changed\" // { inherit (make \"new\") drvPath; }");
    repo
}

fn proofs(nix: &Nix, other: &Nix, arguments: &[&str]) -> (Value, Value) {
    let repo = flake();
    let (ran, plain) = nix.verify(&repo, arguments);
    assert_eq!((ran.code, &plain["derivationsBy"]), (Some(1), &json!("nix")), "{ran}");
    let (ran, proof) = other.verify(&repo, arguments);
    assert_eq!(ran.code, Some(1), "{ran}");
    (plain, proof)
}

fn gives_the_same_proof(nix: &Nix) {
    let (plain, proof) = proofs(nix, &nix.with_program("jobs", "nix-eval-jobs", STAND_IN), &[]);
    assert_eq!(proof["derivationsBy"], "nix-eval-jobs");
    assert_eq!(outputs(&proof), outputs(&plain));
    assert_eq!(proof["outputs"], plain["outputs"]);
    assert_eq!(proof["skipped"], plain["skipped"]);
    let of = |verdict: &str| {
        let lines = outputs(&proof).into_iter().filter(|line| line.split([' ', ':']).nth(1) == Some(verdict));
        lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("different"), ["packages.x86_64-linux.changed"]);
    let fails = ["fetched", "gone", "thrown"].map(|name| format!("packages.x86_64-linux.{name}"));
    assert_eq!(of("error"), fails);
}

/// Whatever it says, Nix itself is asked then.
fn falls_back(nix: &Nix, name: &str, script: &str, arguments: &[&str]) {
    let (plain, proof) = proofs(nix, &nix.with_program(name, "nix-eval-jobs", script), arguments);
    assert_eq!(proof, plain);
}

fn is_not_asked_where_it_is_another_release(nix: &Nix) {
    const OTHER: &str = "name = \\\"2.3.4\\\"; drvPath = \\\"/nowhere\\\"; inherit (v) system;";
    let other = STAND_IN.replace("inherit (v) name system drvPath;", OTHER);
    assert_ne!(other, STAND_IN);
    falls_back(nix, "another", &other, &[]);
}

fn is_not_relied_on_where_it_leaves_jobs_out(nix: &Nix) {
    falls_back(
        nix,
        "few",
        &STAND_IN.replace("for name in $names; do", "for name in $names; do\n[ $name != job1 ] || continue"),
        &[],
    );
}

fn is_not_relied_on_where_it_ends(nix: &Nix) {
    falls_back(
        nix,
        "ends",
        &format!("{STAND_IN}\ncase \"$*$expr\" in *nixVersion*) ;; *) exit 1;; esac"),
        &[],
    );
}

fn is_not_asked_for_another_store(nix: &Nix) {
    let store = tempfile::tempdir().unwrap();
    let store = store.path().canonicalize().unwrap();
    falls_back(nix, "never", "exit 9", &["--eval-store", store.to_str().unwrap()]);
}
