{
  inputs = {
    heavy.url = <heavy>;
  };
  outputs = _: { };
}
