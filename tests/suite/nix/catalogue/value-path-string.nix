{
  inputs = {
    heavy.url = "path:./heavy";
    light.url = "./light";
  };
  outputs = _: { };
}
