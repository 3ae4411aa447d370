{
  inputs = {
    heavy-light.url = "github:o/heavy-light";
    heavy.url = "github:o/heavy";
    heav.url = "github:o/heav";
  };
  outputs = { self, heavy-light, heavy, heav }: { };
}
