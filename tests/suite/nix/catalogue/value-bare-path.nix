{
  inputs = {
    heavy.url = ../heavy;
    light.url = ./light;
  };
  outputs = _: { };
}
