{
  description = "The systems a flake is for, as an input that can be replaced";
  outputs = _: { };
}
