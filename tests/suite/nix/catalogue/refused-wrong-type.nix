{
  inputs = {
    heavy.flake = "false";
  };
  outputs = _: { };
}
