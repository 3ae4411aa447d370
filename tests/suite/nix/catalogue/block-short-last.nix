{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    light.url = "github:o/light";
    heavy.url = "github:o/heavy";
  };
  outputs = _: { };
}
