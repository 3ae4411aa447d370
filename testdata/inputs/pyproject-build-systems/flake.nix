{
  description = "Stand-in for build-system-pkgs: what builds Python projects";

  inputs = {
    nixpkgs.url = "git+https://git.example/NixOS/nixpkgs";
    pyproject-nix = {
      url = "git+https://git.example/pyproject-nix/pyproject.nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    uv2nix = {
      url = "git+https://git.example/pyproject-nix/uv2nix";
      inputs.nixpkgs.follows = "nixpkgs";
      inputs.pyproject-nix.follows = "pyproject-nix";
    };
  };

  outputs =
    { uv2nix, ... }:
    {
      overlays.default = final: _prev: {
        # A Python project, installed as one file per script.
        buildPythonProject =
          workspaceRoot:
          let
            workspace = uv2nix.lib.loadWorkspace { inherit workspaceRoot; };
          in
          final.stdenv.mkDerivation {
            inherit (workspace) pname version scripts;
            src = workspaceRoot;
            nativeBuildInputs = [ final.python3 ];
            installPhase = ''
              mkdir -p "$out/bin"
              for script in $scripts; do
                sed "s/@version@/$version/" "$script" > "$out/bin/$script"
                chmod +x "$out/bin/$script"
              done
            '';
            meta.mainProgram = builtins.head workspace.scripts;
          };
      };
    };
}
