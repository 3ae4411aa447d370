{ lib }:
let
  flake-parts-lib = {
    evalFlakeModule =
      {
        inputs,
        self ? inputs.self,
      }:
      module:
      lib.evalModules {
        specialArgs = { inherit inputs self flake-parts-lib; };
        modules = [
          ./modules/perSystem.nix
          ./modules/outputs.nix
          (lib.setDefaultModuleLocation "${self}/flake.nix" module)
        ];
      };

    mkFlake = args: module: (flake-parts-lib.evalFlakeModule args module).config.flake;

    # For `options.perSystem`: adds options to the modules of every system.
    mkPerSystemOption =
      module: lib.mkOption { type = lib.types.deferredModuleWith { staticModules = [ module ]; }; };
  };
in
flake-parts-lib
