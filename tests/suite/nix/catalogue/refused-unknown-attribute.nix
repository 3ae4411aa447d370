{
  inputs = {
    heavy.uri = "github:o/heavy";
  };
  outputs = _: { };
}
