{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    /* Below:
    # heavy and light */
    heavy.url = "github:o/heavy";
    light.url = "github:o/light";
  };
  outputs = _: { };
}
