{
  inputs = {
    heavy.url = heavy/flake;
    nixpkgs.url = "github:NixOS/nixpkgs";
  };
  outputs = _: { };
}
