{
  inputs = [ ];
  outputs = _: { };
}
