_: {
  inputs.heavy.url = "github:o/heavy";
  outputs = _: { };
}
