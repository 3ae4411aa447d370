{
  inputs.heavy.url = "github:o/heavy";
  outputs = { heavy, heavy }: { };
}
