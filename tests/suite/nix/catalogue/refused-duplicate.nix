{
  inputs = {
    heavy.url = "github:o/heavy";
    heavy.url = "github:o/heavy";
  };
  outputs = _: { };
}
