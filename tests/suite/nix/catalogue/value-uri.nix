{
  inputs = {
    nixpkgs.url = github:NixOS/nixpkgs;
    heavy.url = github:o/heavy/v1.0?dir=x;
  };
  outputs = _: { };
}
