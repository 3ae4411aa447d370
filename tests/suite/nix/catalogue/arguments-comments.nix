{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs";
  inputs.heavy.url = "github:o/heavy";

  outputs = {
      self, # the flake
      # base
      nixpkgs,
      # what is heavy
      heavy # gone
    }: { };
}
