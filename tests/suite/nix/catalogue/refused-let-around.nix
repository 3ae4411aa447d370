let a = 1; in {
  inputs.heavy.url = "github:o/heavy";
  outputs = _: { };
}
