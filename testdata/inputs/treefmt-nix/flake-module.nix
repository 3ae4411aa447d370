{
  flake-parts-lib,
  lib,
  self,
  ...
}:
let
  inherit (lib) mkOption types;
in
{
  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { config, pkgs, ... }:
    let
      cfg = config.treefmt;
      programs = lib.filterAttrs (_: program: program.enable) cfg.programs;
    in
    {
      options.treefmt = {
        projectRootFile = mkOption { type = types.str; };
        programs = mkOption {
          type = types.attrsOf (
            types.submodule (
              { name, ... }:
              {
                options.enable = mkOption {
                  type = types.bool;
                  default = false;
                };
                options.package = mkOption {
                  type = types.package;
                  default = pkgs.${name};
                };
              }
            )
          );
          default = { };
        };
        build.wrapper = mkOption { type = types.package; };
        build.check = mkOption { type = types.raw; };
      };

      config = {
        treefmt.build = {
          wrapper = pkgs.writeShellScriptBin "treefmt" (
            lib.concatStringsSep "\n" (
              lib.mapAttrsToList (_: program: ''${lib.getExe program.package} "$@"'') programs
            )
          );
          # Takes the whole tree, so that any edit makes another derivation.
          check =
            tree:
            pkgs.runCommand "treefmt-check" { } ''
              cd ${tree}
              test -f ${cfg.projectRootFile}
              if grep -rn '[[:blank:]]$' --include='*.nix' .; then
                echo "trailing blanks, run 'nix fmt'" >&2
                exit 1
              fi
              : > "$out"
            '';
        };
        formatter = lib.mkDefault cfg.build.wrapper;
        checks.treefmt = cfg.build.check self;
      };
    }
  );
}
