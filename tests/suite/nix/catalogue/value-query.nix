{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy.url = "git+https://example.org/heavy?ref=main&submodules=1";
  };
  outputs = _: { };
}
