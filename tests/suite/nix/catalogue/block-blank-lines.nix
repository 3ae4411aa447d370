{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";

    heavy.url = "github:o/heavy";

    light.url = "github:o/light";
  };
  outputs = _: { };
}
