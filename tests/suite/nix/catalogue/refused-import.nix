{
  inputs = import ./inputs.nix;
  outputs = _: { };
}
