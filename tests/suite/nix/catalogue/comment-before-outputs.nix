{
  description = "none";

  # What comes out.
  outputs = _: { };
}
