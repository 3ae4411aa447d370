{
  inputs = {
    heavy.url = "github:o/heavy";
  };
  inputs = {
    heavy.url = "github:o/heavy";
  };
  outputs = _: { };
}
