# A flake.
#
# heavy.url = "github:o/heavy";

{
  description = "heavy";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy.url = "github:o/heavy";
  };

  outputs = _: { };
}
