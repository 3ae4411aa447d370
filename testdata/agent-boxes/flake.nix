{
  description = "Coding agents in boxes: one sandboxed launcher per tool";

  inputs = {
    nixpkgs.url = "git+https://git.example/NixOS/nixpkgs";

    flake-parts = {
      url = "git+https://git.example/hercules-ci/flake-parts";
      inputs.nixpkgs-lib.follows = "nixpkgs";
    };
    import-tree.url = "git+https://git.example/vic/import-tree";
    systems.url = "git+https://git.example/nix-systems/default";

    # Formatter and CI check, for contributors only.
    treefmt-nix = {
      url = "git+https://git.example/numtide/treefmt-nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };

    # Upstream is only tested against its own nixpkgs, so that one stays
    # unfollowed; the systems must agree with ours, though.
    hermes-agent.url = "git+https://git.example/NousResearch/hermes-agent";
    hermes-agent.inputs.systems.follows = "systems";

    # No flake upstream, nix/pi-agent.nix builds it.
    pi-mono = {
      url = "git+https://git.example/badlogic/pi-mono";
      flake = false;
    };
  };

  outputs =
    inputs:
    inputs.flake-parts.lib.mkFlake { inherit inputs; } (
      inputs.import-tree ./nix
      // {
        systems = import inputs.systems;
      }
    );
}
