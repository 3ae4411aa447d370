# import nixpkgs { system = …; }: the package set, with overlays applied.
{
  system ? builtins.currentSystem,
  config ? { },
  overlays ? [ ],
}:
let
  lib = import ./lib;
  stages = [
    (import ./stdenv)
    (import ./pkgs)
  ]
  ++ overlays;
  pkgs = builtins.foldl' (prev: overlay: prev // overlay pkgs prev) {
    inherit lib system config;
    path = ./.;
  } stages;
in
pkgs
