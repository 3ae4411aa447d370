{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    light.url = "github:o/light";
  };
  inputs.heavy.url = "github:o/heavy";
  outputs = _: { };
}
