{
  inputs = { nixpkgs.url = "github:NixOS/nixpkgs"; /* keep */ heavy.url = "github:o/heavy"; /* both */ };
  outputs = _: { };
}
