{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs";
  inputs.heavy.url = "github:o/heavy";

  outputs = inputs@{ self, heavy, nixpkgs }: { };
}
