{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy.url = "github:o/heavy";
  };
  inputs.heavy.inputs = {
    nixpkgs.follows = "nixpkgs";
  };
  outputs = _: { };
}
