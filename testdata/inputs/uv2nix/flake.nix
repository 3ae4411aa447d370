{
  description = "Stand-in for uv2nix: a workspace of Python projects";

  inputs = {
    nixpkgs.url = "git+https://git.example/NixOS/nixpkgs";
    pyproject-nix = {
      url = "git+https://git.example/pyproject-nix/pyproject.nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    { nixpkgs, pyproject-nix, ... }:
    {
      lib.loadWorkspace =
        { workspaceRoot }:
        pyproject-nix.lib.loadPyproject workspaceRoot
        // {
          uvVersion = "0.9 with nixpkgs ${nixpkgs.lib.version}";
        };
    };
}
