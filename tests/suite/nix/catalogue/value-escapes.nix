{
  inputs = {
    heavy.url = "github:o/heavy?dir=\"x\"&ref=\${y}$z";
    nixpkgs.url = "github:NixOS/nixpkgs";
  };
  outputs = _: { };
}
