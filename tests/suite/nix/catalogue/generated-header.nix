# DO-NOT-EDIT. This file was auto-generated using github:vic/flake-file.
{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy.url = "github:o/heavy";
  };
  outputs = _: { };
}
