{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs";
  inputs.heavy.url = "github:o/heavy";

  outputs = { self, heavy ? { a = [ 1 2 ]; }, nixpkgs ? null }: { };
}
