{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    /* Why heavy. */
    heavy.url = "github:o/heavy";
    light.url = "github:o/light";
  };
  outputs = _: { };
}
