{
  inputs = {
    heavy = "github:o/heavy";
  };
  outputs = _: { };
}
