{
  description = "Stand-in for import-tree: imports every Nix file of a folder";

  # A flake that can be called: inputs.import-tree ./modules
  outputs = _: { __functor = _: import ./.; };
}
