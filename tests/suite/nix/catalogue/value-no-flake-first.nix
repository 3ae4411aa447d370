{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy.flake = false;
    heavy.url = "github:o/heavy";
  };
  outputs = _: { };
}
