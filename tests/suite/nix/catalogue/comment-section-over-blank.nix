{
  inputs = {
    # All of these are pinned.

    # Heavy.
    heavy.url = "github:o/heavy";

    nixpkgs.url = "github:NixOS/nixpkgs";
  };
  outputs = _: { };
}
