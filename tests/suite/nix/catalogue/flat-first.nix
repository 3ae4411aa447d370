{
  inputs.heavy.url = "github:o/heavy";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs";
  inputs.light.url = "github:o/light";
  outputs = _: { };
}
