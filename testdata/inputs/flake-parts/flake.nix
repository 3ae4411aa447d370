{
  description = "Stand-in for flake-parts: mkFlake, perSystem and partitions";

  inputs.nixpkgs-lib.url = "git+https://git.example/NixOS/nixpkgs?dir=lib";

  outputs =
    { nixpkgs-lib, ... }:
    {
      lib = import ./lib.nix { inherit (nixpkgs-lib) lib; };
      flakeModules.partitions = ./extras/partitions.nix;
    };
}
