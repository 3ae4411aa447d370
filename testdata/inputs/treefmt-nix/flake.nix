{
  description = "Stand-in for treefmt-nix: a formatter and a check for the whole tree";

  inputs.nixpkgs.url = "git+https://git.example/NixOS/nixpkgs";

  outputs = _: { flakeModule = ./flake-module.nix; };
}
