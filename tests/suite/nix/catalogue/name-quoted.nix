{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    "heavy".url = "github:o/heavy";
    "li.ght".url = "github:o/light";
  };
  outputs = _: { };
}
