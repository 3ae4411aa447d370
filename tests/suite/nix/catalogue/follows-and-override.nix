{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy = {
      url = "github:o/heavy";
      inputs = {
        light.url = "github:o/light";
        utils = { url = "github:o/utils"; flake = false; };
        nixpkgs.follows = "nixpkgs";
      };
    };
  };
  outputs = _: { };
}
