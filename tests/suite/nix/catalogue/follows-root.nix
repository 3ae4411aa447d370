{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy.follows = "nixpkgs";
  };
  outputs = _: { };
}
