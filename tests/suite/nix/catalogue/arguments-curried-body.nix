{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs";
  inputs.heavy.url = "github:o/heavy";
  outputs = { self, nixpkgs, heavy }@inputs: let f = { heavy }: heavy; in { a = f { heavy = 1; }; };
}
