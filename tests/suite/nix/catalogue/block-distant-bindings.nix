{
  inputs = {
    heavy.url = "github:o/heavy";
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy.inputs.nixpkgs.follows = "nixpkgs";
    light.url = "github:o/light";
    heavy.inputs.light.follows = "light";
  };
  outputs = _: { };
}
