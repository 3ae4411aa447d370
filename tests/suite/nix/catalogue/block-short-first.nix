{
  inputs = {
    heavy.url = "github:o/heavy";
    nixpkgs.url = "github:NixOS/nixpkgs";
    light.url = "github:o/light";
  };
  outputs = _: { };
}
