{
  inputs = {
    heavy.url = "github:o/heavy";
  };
  inputs = {
    heavy.flake = false;
  };
  outputs = _: { };
}
