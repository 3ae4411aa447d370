# The flake outputs that Nix knows about.
{
  config,
  flake-parts-lib,
  lib,
  ...
}:
let
  inherit (lib) mkOption types;

  sets = {
    apps = types.raw;
    checks = types.package;
    devShells = types.package;
    legacyPackages = types.raw;
    packages = types.package;
  };
  set =
    type:
    mkOption {
      type = types.lazyAttrsOf type;
      default = { };
    };
in
{
  options.flake = lib.mapAttrs (_: type: set (types.lazyAttrsOf type)) sets // {
    formatter = set types.package;
    overlays = set types.raw;
  };

  options.perSystem = flake-parts-lib.mkPerSystemOption {
    options = lib.mapAttrs (_: set) sets // {
      formatter = mkOption {
        type = types.nullOr types.package;
        default = null;
      };
    };
  };

  config.transposition = lib.mapAttrs (_: _: { }) sets;

  # Where no module gives one, there is none.
  config.flake.formatter = lib.mapAttrs (_: perSystem: perSystem.formatter) (
    lib.filterAttrs (_: perSystem: perSystem.formatter != null) config.allSystems
  );
}
