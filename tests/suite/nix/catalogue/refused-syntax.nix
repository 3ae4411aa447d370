{
  inputs = {
    heavy.url = "github:o/heavy"
    light.url = "github:o/light";
  };
  outputs = _: { };
}
