{
  inputs = { };
  outputs = _: { };
}
