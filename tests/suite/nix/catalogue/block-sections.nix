{
  inputs = {
    # Packages.

    nixpkgs.url = "github:NixOS/nixpkgs";

    # Tools.

    heavy.url = "github:o/heavy";
    light.url = "github:o/light";

    # Nothing else.
  };
  outputs = _: { };
}
