{
  description = "Stand-in for hermes-agent: a heavy flake with a small command-line tool";

  inputs = {
    nixpkgs.url = "git+https://git.example/NixOS/nixpkgs";
    systems.url = "git+https://git.example/nix-systems/default";
    flake-parts = {
      url = "git+https://git.example/hercules-ci/flake-parts";
      inputs.nixpkgs-lib.follows = "nixpkgs";
    };
    npm-lockfile-fix = {
      url = "git+https://git.example/jeslie0/npm-lockfile-fix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    pyproject-build-systems = {
      url = "git+https://git.example/pyproject-nix/build-system-pkgs";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    pyproject-nix = {
      url = "git+https://git.example/pyproject-nix/pyproject.nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    uv2nix = {
      url = "git+https://git.example/pyproject-nix/uv2nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    inputs:
    inputs.flake-parts.lib.mkFlake { inherit inputs; } {
      systems = import inputs.systems;
      perSystem =
        { inputs', pkgs, ... }:
        let
          project = inputs.pyproject-nix.lib.loadPyproject ./cli;
          workspace = inputs.uv2nix.lib.loadWorkspace { workspaceRoot = ./cli; };
          python = pkgs // inputs.pyproject-build-systems.overlays.default pkgs pkgs;
        in
        {
          packages.default = python.buildPythonProject ./cli;
          devShells.default = pkgs.mkShell {
            name = "${project.pname}-with-uv-${builtins.substring 0 3 workspace.uvVersion}";
            packages = [ inputs'.npm-lockfile-fix.packages.default ];
          };
        };
    };
}
