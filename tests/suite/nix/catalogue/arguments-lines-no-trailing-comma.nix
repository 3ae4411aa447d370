{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs";
  inputs.heavy.url = "github:o/heavy";

  outputs = {
      self,
      nixpkgs,
      heavy
    }: { };
}
