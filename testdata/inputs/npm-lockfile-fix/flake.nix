{
  description = "Stand-in for npm-lockfile-fix: adds missing hashes to package-lock.json";

  inputs = {
    nixpkgs.url = "git+https://git.example/NixOS/nixpkgs";
    systems.url = "git+https://git.example/nix-systems/default";
  };

  outputs =
    { nixpkgs, systems, ... }:
    {
      packages = nixpkgs.lib.genAttrs (import systems) (system: {
        default = nixpkgs.legacyPackages.${system}.writeShellScriptBin "npm-lockfile-fix" ''
          echo "nothing to fix in $1"
        '';
      });
    };
}
