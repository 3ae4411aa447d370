{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs"; # base
    heavy.url = "github:o/heavy"; # heavy
    light.url = "github:o/light"; # light
  };
  outputs = _: { };
}
