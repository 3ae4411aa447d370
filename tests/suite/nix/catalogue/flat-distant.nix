{
  inputs.heavy.url = "github:o/heavy";
  description = "heavy";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs";
  outputs = { self, ... }: { };

  inputs.heavy.inputs.nixpkgs.follows = "nixpkgs"; # heavy
}
