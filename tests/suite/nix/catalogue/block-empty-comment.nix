{
  inputs = {
    # none yet
  };
  outputs = _: { };
}
