{
  inputs = {
  };
  outputs = _: { };
}
