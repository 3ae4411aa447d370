//! `flakepart analyze`

use insta::assert_snapshot;

use crate::support::Repo;

#[test]
fn a_person_sees_what_is_heavy_and_what_to_do() {
    assert_snapshot!(Repo::agent_boxes().flakepart(&["analyze"]));
}

#[test]
fn a_program_gets_the_contract_s_json() {
    assert_snapshot!(Repo::agent_boxes().flakepart(&["analyze", "--format", "json"]));
}

#[test]
fn two_runs_print_the_same_bytes() {
    let repo = Repo::agent_boxes();
    for format in ["human", "json"] {
        let run = || repo.flakepart(&["analyze", "--format", format]).stdout;
        assert_eq!(run(), run());
    }
}

#[test]
fn lines_fit_into_80_columns() {
    let run = Repo::agent_boxes().flakepart(&["analyze"]);
    let longest = run.stdout.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(80), "{longest:?}\n{}", run.stdout);
}

#[test]
fn what_is_split_is_shown_as_a_partition() {
    let repo = Repo::agent_boxes();
    repo.flakepart(&["split", "--yes", "--no-verify"]);
    assert_snapshot!(repo.flakepart(&["analyze"]));
}

#[test]
fn a_lock_on_its_own_is_analyzed_without_its_code() {
    let repo = Repo::agent_boxes();
    let lock = repo.read("flake.lock");
    repo.write("other.lock", &lock);
    let from_file = repo.flakepart(&["analyze", "other.lock"]);
    assert_snapshot!(from_file);
    let from_input = repo.flakepart_with_input(&["analyze", "-"], &lock);
    assert_eq!(from_input.stdout, from_file.stdout.replace("other.lock", "standard input"));
    let unread = repo.flakepart(&["analyze", "--no-usage"]);
    assert_eq!(unread.stdout, from_file.stdout.replace("other.lock", "flake.lock"));
}

#[test]
fn the_flake_is_found_upwards() {
    let repo = Repo::agent_boxes();
    let here = repo.flakepart(&["analyze"]).stdout;
    let mut below = crate::support::isolated(env!("CARGO_BIN_EXE_flakepart"), &repo.path().join("nix"));
    let output = below.arg("analyze").output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), here);
}

#[test]
fn a_file_that_cannot_be_read_keeps_all_inputs_at_the_root() {
    let repo = Repo::agent_boxes();
    repo.write("nix/broken.nix", "{ inputs, ... }: { x = inputs.hermes-agent +; }\n");
    repo.commit();
    assert_snapshot!(repo.flakepart(&["analyze"]));
}

#[test]
fn an_input_that_nothing_uses_is_told() {
    let repo = Repo::agent_boxes();
    repo.write("nix/pi-agent.nix", "{ }\n");
    repo.commit();
    let run = repo.flakepart(&["analyze", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let input = json["inputs"].as_array().unwrap().iter().find(|input| input["name"] == "pi-mono").unwrap();
    assert_eq!(input["usage"], "unused");
    let findings = json["findings"].as_array().unwrap();
    let unused = findings.iter().find(|finding| finding["code"] == "input-unused").unwrap();
    assert_eq!((&unused["file"], &unused["line"]), (&"flake.nix".into(), &26.into()));
}
