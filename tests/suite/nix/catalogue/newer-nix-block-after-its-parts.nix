{
  inputs.heavy.inputs = {
    nixpkgs.follows = "nixpkgs";
  };
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy.url = "github:o/heavy";
  };
  outputs = _: { };
}
