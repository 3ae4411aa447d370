{
  inputs.heavy.url = "github:o/heavy";
  outputs = import ./outputs.nix;
}
