{
  inputs = {
    self.submodules = true;
    heavy.url = "github:o/heavy";
    nixpkgs.url = "github:NixOS/nixpkgs";
  };
  outputs = _: { };
}
