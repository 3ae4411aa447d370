# Declares `boxes`: every box becomes a package and an app of the same name.
{ flake-parts-lib, lib, ... }:
let
  inherit (lib) mkOption types;

  box = {
    options = {
      tool = mkOption { type = types.package; };
      toolBinary = mkOption { type = types.str; };
      description = mkOption { type = types.str; };
      home = mkOption {
        type = types.str;
        default = "";
      };
      network = mkOption {
        type = types.bool;
        default = false;
      };
      env = mkOption {
        type = types.attrsOf types.str;
        default = { };
      };
    };
  };
in
{
  options.perSystem = flake-parts-lib.mkPerSystemOption {
    options.boxes = mkOption {
      type = types.attrsOf (types.submodule box);
      default = { };
    };
  };

  config.perSystem =
    { config, mkBubblebox, ... }:
    {
      packages = lib.mapAttrs (name: spec: mkBubblebox (spec // { inherit name; })) config.boxes;

      apps = lib.mapAttrs (_: package: {
        type = "app";
        program = lib.getExe package;
      }) config.packages;
    };
}
