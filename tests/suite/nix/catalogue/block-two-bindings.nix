{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy.url = "github:o/heavy";
    heavy.inputs.nixpkgs.follows = "nixpkgs";
    light.url = "github:o/light";
  };
  outputs = _: { };
}
