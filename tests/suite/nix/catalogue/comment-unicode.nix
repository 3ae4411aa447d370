{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    # Größe → schwer 🏋
    heavy.url = "github:o/heavy"; # ü
    light.url = "github:o/light";
  };
  outputs = _: { };
}
