{
  inputs = let u = "github:o/heavy"; in { heavy.url = u; };
  outputs = _: { };
}
