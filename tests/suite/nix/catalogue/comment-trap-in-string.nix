{
  description = ''
    # heavy
    inputs.heavy.url = "x"; '';
  inputs.heavy.url = "github:o/heavy";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs";
  outputs = _: { };
}
