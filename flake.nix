{
  description = "Moves heavy flake inputs into flake-parts partitions and proves that nothing changed";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { nixpkgs, ... }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "aarch64-darwin"
        "aarch64-linux"
        "x86_64-darwin"
        "x86_64-linux"
      ];
      eachSystem = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
      manifest = lib.importTOML ./Cargo.toml;
    in
    {
      packages = eachSystem (pkgs: {
        default = pkgs.rustPlatform.buildRustPackage {
          pname = manifest.package.name;
          inherit (manifest.package) version;
          src = lib.fileset.toSource {
            root = ./.;
            fileset = lib.fileset.unions [
              ./Cargo.lock
              ./Cargo.toml
              ./src
            ];
          };
          cargoLock.lockFile = ./Cargo.lock;
          # The tests run Nix and git, which a build may not: tests/run.
          doCheck = false;
          nativeBuildInputs = [ pkgs.installShellFiles ];
          postInstall = lib.optionalString (pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform) ''
            for shell in bash fish zsh; do
              "$out/bin/flakepart" completions "$shell" > "flakepart.$shell"
            done
            installShellCompletion flakepart.{bash,fish,zsh}
            "$out/bin/flakepart" man > flakepart.1
            installManPage flakepart.1
          '';
          meta = {
            inherit (manifest.package) description;
            license = lib.licenses.mit;
            mainProgram = "flakepart";
          };
        };
      });

      devShells = eachSystem (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.cargo
            pkgs.clippy
            pkgs.rust-analyzer
            pkgs.rustc
            pkgs.rustfmt
          ]
          ++ lib.optionals pkgs.stdenv.hostPlatform.isLinux [
            pkgs.bubblewrap
            pkgs.strace
          ];
        };
      });
    };
}
