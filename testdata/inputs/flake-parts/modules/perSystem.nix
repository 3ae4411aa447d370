# The evaluation per system, and the way of its options into the outputs:
# transposition.foo = { } gives flake.foo.${system} = perSystem.foo.
{
  config,
  flake-parts-lib,
  lib,
  self,
  ...
}:
let
  inherit (lib) mkOption types;

  # What `inputs'` and `self'` show of a flake.
  perInput =
    system: flake:
    lib.mapAttrs (
      name: _:
      flake.${name}.${system}
        or (throw "Attempt to access ${name}.${system} of flake ${toString flake.outPath}, but it does not have it.")
    ) config.transposition;
in
{
  options = {
    systems = mkOption { type = types.listOf types.str; };

    flake = mkOption {
      type = types.submoduleWith {
        modules = [ ];
        freeformType = types.raw;
      };
      default = { };
    };

    transposition = mkOption { type = types.lazyAttrsOf types.raw; };

    allSystems = mkOption { type = types.lazyAttrsOf types.raw; };

    perSystem =
      flake-parts-lib.mkPerSystemOption (
        { system, ... }:
        {
          _module.args = {
            self' = perInput system self;
            inputs' = lib.mapAttrs (_: perInput system) self.inputs;
            pkgs = lib.mkOptionDefault (
              self.inputs.nixpkgs.legacyPackages.${system}
                or (throw "flake-parts: The flake does not have a `nixpkgs` input. Please add it, or set `perSystem._module.args.pkgs` yourself.")
            );
          };
        }
      )
      // {
        default = { };
        apply =
          modules: system:
          (lib.evalModules {
            inherit modules;
            prefix = [
              "perSystem"
              system
            ];
            specialArgs = { inherit system; };
          }).config;
      };
  };

  config = {
    allSystems = lib.genAttrs config.systems config.perSystem;
    flake = lib.mapAttrs (
      name: _: lib.mapAttrs (_: perSystem: perSystem.${name}) config.allSystems
    ) config.transposition;
  };
}
