{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    # Why heavy
    # is needed.
    heavy.url = "github:o/heavy";
    # Why light.
    light.url = "github:o/light";
  };
  outputs = _: { };
}
