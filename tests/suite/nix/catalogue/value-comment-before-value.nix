{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy.url = /* see #1 */ "github:o/heavy" # and #2
      ;
    light.url = "github:o/light";
  };
  outputs = _: { };
}
