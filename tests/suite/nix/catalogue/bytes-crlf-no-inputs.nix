{
  description = "none";
  outputs = _: { };
}
