{
  inputs = rec {
    heavy.url = "github:o/heavy";
    light.url = heavy.url;
  };
  outputs = _: { };
}
