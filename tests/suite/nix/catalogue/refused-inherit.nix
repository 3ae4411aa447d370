{
  inputs = {
    inherit (import ./inputs.nix) heavy;
  };
  outputs = _: { };
}
