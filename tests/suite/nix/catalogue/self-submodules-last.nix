{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy.url = "github:o/heavy";
  };
  inputs.self.submodules = true;
  outputs = _: { };
}
