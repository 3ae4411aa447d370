{
  description = "The library alone";
  outputs = _: { lib = import ./.; };
}
