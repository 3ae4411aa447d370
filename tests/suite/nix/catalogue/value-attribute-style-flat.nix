{
  inputs.heavy.type = "git";
  inputs.heavy.url = "https://example.org/heavy.git";
  inputs.heavy.submodules = true;
  inputs.heavy.revCount = 3;
  outputs = _: { };
}
