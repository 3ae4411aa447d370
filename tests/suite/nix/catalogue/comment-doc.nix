{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    /** Heavy things. */
    heavy.url = "github:o/heavy";
    light.url = "github:o/light";
  };
  outputs = _: { };
}
