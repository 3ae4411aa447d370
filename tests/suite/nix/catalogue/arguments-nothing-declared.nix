{
  outputs = { self, nixpkgs, heavy }: { };
}
