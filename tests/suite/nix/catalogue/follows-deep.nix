{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    light.url = "github:o/light";
    heavy.follows = "light/nixpkgs";
  };
  outputs = _: { };
}
