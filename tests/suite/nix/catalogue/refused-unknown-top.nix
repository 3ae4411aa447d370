{
  inputs.heavy.url = "github:o/heavy";
  packages = { };
  outputs = _: { };
}
