{
  inputs.heavy.url = "github:o/heavy";
}
