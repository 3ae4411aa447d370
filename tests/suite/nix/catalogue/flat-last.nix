{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs";
  inputs.light.url = "github:o/light";
  inputs.heavy.url = "github:o/heavy";

  outputs = _: { };
}
