{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy = { };
  };
  outputs = _: { };
}
