{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy = {
      type = "github";
      owner = "o";
      repo = "heavy";
      ref = "main";
    };
  };
  outputs = _: { };
}
