{
  inputs = rec {
    heavy = { url = "github:o/heavy"; };
    light = {
      url = "github:o/light";
      inputs = {
        inherit heavy;
      };
    };
  };
  outputs = _: { };
}
