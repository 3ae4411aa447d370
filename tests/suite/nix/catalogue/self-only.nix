{
  inputs.self.lfs = true;
  outputs = _: { };
}
