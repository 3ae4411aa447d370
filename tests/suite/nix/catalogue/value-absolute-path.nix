{
  inputs = {
    heavy.url = /srv/heavy;
    nixpkgs.url = "github:NixOS/nixpkgs";
  };
  outputs = _: { };
}
