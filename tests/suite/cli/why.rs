//! `flakepart why`

use insta::assert_snapshot;

use crate::support::Repo;

#[test]
fn every_way_by_which_an_input_comes_in_is_told() {
    assert_snapshot!(Repo::agent_boxes().flakepart(&["why", "nixpkgs"]), @"
    exit code 0
    --- stdout ---
    nixpkgs_2  git+https://git.example/NixOS/nixpkgs  f87efc8b5a of 2026-04-06
      nixpkgs
      flake-parts/nixpkgs-lib  follows nixpkgs
      treefmt-nix/nixpkgs  follows nixpkgs

    nixpkgs  git+https://git.example/NixOS/nixpkgs  5070d5f0eb of 2026-01-12
      hermes-agent/nixpkgs
      hermes-agent/flake-parts/nixpkgs-lib  follows hermes-agent/nixpkgs
      hermes-agent/npm-lockfile-fix/nixpkgs  follows hermes-agent/nixpkgs
      hermes-agent/pyproject-build-systems/nixpkgs  follows hermes-agent/nixpkgs
      hermes-agent/pyproject-build-systems/pyproject-nix/nixpkgs
          follows hermes-agent/pyproject-build-systems/nixpkgs
      hermes-agent/pyproject-build-systems/uv2nix/nixpkgs
          follows hermes-agent/pyproject-build-systems/nixpkgs
      hermes-agent/pyproject-nix/nixpkgs  follows hermes-agent/nixpkgs
      hermes-agent/uv2nix/nixpkgs  follows hermes-agent/nixpkgs
      hermes-agent/uv2nix/pyproject-nix/nixpkgs  follows hermes-agent/uv2nix/nixpkgs

    used in
      nix/pkgs.nix:6
          value  maybe any output: `pkgs` holds it, which imported flakeModules
                 read, too
      flake.nix:7
          follows  maybe any output: `flake-parts` follows it, which any output may
                   need
      flake.nix:15
          follows  maybe any output: `treefmt-nix` follows it, which any output may
                   need
    ");
}

#[test]
fn a_node_s_key_an_input_path_and_a_repository_name_it_too() {
    let repo = Repo::agent_boxes();
    let by_key = repo.flakepart(&["why", "uv2nix_2"]);
    assert_snapshot!(by_key, @"
    exit code 0
    --- stdout ---
    uv2nix_2  git+https://git.example/pyproject-nix/uv2nix  98fd3754d0 of 2026-02-24
      hermes-agent/uv2nix
    ");
    assert_eq!(repo.flakepart(&["why", "hermes-agent/uv2nix"]).stdout, by_key.stdout);
    repo.write(
        "forge.lock",
        r#"{"nodes":{"a":{"locked":{"lastModified":0,"narHash":"sha256-x","owner":"NixOS","repo":"nixpkgs","rev":"0123456789abcdef","type":"github"},"original":{"owner":"nixos","repo":"Nixpkgs","type":"github"}},"root":{"inputs":{"a":"a","b":["a"],"c":[]}}},"root":"root","version":7}"#,
    );
    assert_snapshot!(repo.flakepart(&["why", "nixos/nixpkgs", "forge.lock"]), @"
    exit code 0
    --- stdout ---
    a  github:nixos/Nixpkgs  0123456789 of 1970-01-01
      a
      b  follows a
    ");
}

#[test]
fn a_name_that_is_not_there_is_guessed_at() {
    assert_snapshot!(Repo::agent_boxes().flakepart(&["why", "nixpgs"]), @"
    exit code 2
    --- stderr ---
    error: flake.lock: no input, node or repository `nixpgs` in this lock

    hint: did you mean `nixpkgs`?
    ");
}

#[test]
fn a_place_with_several_uses_is_told_once() {
    let repo = Repo::agent_boxes();
    repo.write(
        "nix/pi-agent.nix",
        "{ inputs, ... }: { flake.a = inputs.pi-mono; flake.b = [ inputs.pi-mono inputs.pi-mono.lib ]; }\n",
    );
    repo.commit();
    assert_snapshot!(repo.flakepart(&["why", "pi-mono"]).stdout, @"
    pi-mono  git+https://git.example/badlogic/pi-mono  813b5eece3 of 2026-04-01
      pi-mono

    used in
      nix/pi-agent.nix:1
          value  a
          value  b
          lib  b
    ");
}

#[test]
fn what_does_not_fit_into_a_narrow_line_stands_below() {
    let repo = Repo::agent_boxes();
    let Some(shown) = repo.flakepart_on_a_terminal(40, "why uv2nix_2") else { return };
    assert_snapshot!(shown, @"
    uv2nix_2
          git+https://git.example/pyproject-nix/uv2nix
          98fd3754d0 of 2026-02-24
      hermes-agent/uv2nix
    ");
}
