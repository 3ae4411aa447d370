{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";

    # heavy
    heavy.url = "github:o/heavy"; # behind

    light.url = "github:o/light";
  };
  outputs = _: { };
}
