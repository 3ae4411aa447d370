{
  inputs = {
    heavy.url = 1.5;
  };
  outputs = _: { };
}
