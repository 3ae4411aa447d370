{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy = {
      # where it comes from
      url = "github:o/heavy"; # there
      # all
    };
    light.url = "github:o/light";
  };
  outputs = _: { };
}
