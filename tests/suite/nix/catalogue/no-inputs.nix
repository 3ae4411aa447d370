{
  description = "none";

  outputs = _: { };
}
