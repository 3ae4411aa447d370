{
  inputs = {};
  outputs = _: { };
}
