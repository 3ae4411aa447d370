{
  inputs = { # what goes in
    heavy.url = "github:o/heavy";
    nixpkgs.url = "github:NixOS/nixpkgs";
  }; # inputs
  outputs = _: { };
}
