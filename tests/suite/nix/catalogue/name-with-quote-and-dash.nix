{
  inputs = {
    heavy'.url = "github:o/one";
    heavy-2.url = "github:o/two";
    _heavy.url = "github:o/three";
    heavy.url = "github:o/heavy";
  };
  outputs = _: { };
}
