{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    # light.url = "github:o/light";
    heavy.url = "github:o/heavy";
    # big.url = "github:o/big";
  };
  outputs = _: { };
}
