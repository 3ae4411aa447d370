{
  inputs = rec {
    heavy = { url = "github:o/heavy"; };
    light = heavy;
  };
  outputs = _: { };
}
