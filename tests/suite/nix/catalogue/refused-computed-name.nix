{
  inputs = {
    ${"hea" + "vy"}.url = "github:o/heavy";
  };
  outputs = _: { };
}
