# All boxes for consumers with a nixpkgs of their own; a new box shows up here
# by itself.
{ inputs, ... }:
{
  flake.overlays.default =
    final: _prev:
    removeAttrs inputs.self.packages.${final.stdenv.hostPlatform.system} [ "default" ];
}
