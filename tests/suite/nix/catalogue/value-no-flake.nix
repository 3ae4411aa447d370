{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy = {
      url = "github:o/heavy";
      flake = false;
    };
  };
  outputs = _: { };
}
