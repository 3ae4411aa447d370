{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs";
  inputs.heavy = {
    url = "github:o/heavy";
    inputs.nixpkgs.follows = "nixpkgs";
  };
  inputs.light.url = "github:o/light";

  outputs = _: { };
}
