{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy.url = "github:o/heavy";
    # The same nixpkgs.
    heavy.inputs.nixpkgs.follows = "nixpkgs"; # saves a node
    light.url = "github:o/light";
  };
  outputs = _: { };
}
