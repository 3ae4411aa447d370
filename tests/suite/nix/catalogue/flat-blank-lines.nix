{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs";

  inputs.heavy.url = "github:o/heavy";

  inputs.light.url = "github:o/light";

  outputs = _: { };
}
