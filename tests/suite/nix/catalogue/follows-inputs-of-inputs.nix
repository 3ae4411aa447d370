{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy.url = "github:o/heavy";
    heavy.inputs.light.inputs.nixpkgs.follows = "nixpkgs";
  };
  outputs = _: { };
}
