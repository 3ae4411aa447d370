{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy.url = "github:o/heavy"; /* heavy */ # really
    light.url = "github:o/light";
  };
  outputs = _: { };
}
