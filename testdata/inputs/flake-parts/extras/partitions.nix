# Partitions: further evaluations of all top-level modules, each with inputs
# of its own, whose outputs replace whole attributes of the flake.
{
  config,
  extendModules,
  inputs,
  lib,
  partitionStack,
  self,
  ...
}:
let
  inherit (lib) mkOption types;

  partition =
    {
      config,
      name,
      options,
      ...
    }:
    let
      partitionInputs =
        inputs
        // config.extraInputs
        // {
          self = partitionSelf;
        };
      partitionSelf = self // {
        inputs = partitionInputs;
      };
    in
    {
      options = {
        extraInputsFlake = mkOption { type = types.raw; };
        extraInputs = mkOption {
          type = types.lazyAttrsOf types.raw;
          default = { };
        };
        module = mkOption {
          default = { };
          type =
            (extendModules {
              specialArgs = {
                inputs = partitionInputs;
                self = partitionSelf;
                partitionStack = partitionStack ++ [ name ];
              };
            }).type;
        };
      };

      config.extraInputs = lib.mkIf options.extraInputsFlake.isDefined (
        let
          flake = options.extraInputsFlake.value;
        in
        # getFlake refuses a path that is not locked; a path literal is pure.
        if builtins.typeOf flake == "path" then
          import ../flake-inputs.nix flake
        else
          (builtins.getFlake flake).inputs
      );
    };
in
{
  options = {
    partitions = mkOption {
      type = types.attrsOf (types.submodule partition);
      default = { };
    };
    partitionedAttrs = mkOption {
      type = types.attrsOf types.str;
      default = { };
    };
  };

  config = {
    _module.args.partitionStack = [ ];
    flake = lib.optionalAttrs (partitionStack == [ ]) (
      lib.mapAttrs (
        attr: name: lib.mkForce config.partitions.${name}.module.flake.${attr}
      ) config.partitionedAttrs
    );
  };
}
