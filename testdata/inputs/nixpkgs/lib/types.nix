# Option types: `merge` makes one value of an option's definitions, `join`
# merges the types of two declarations of the same option.
{ lib }:
let
  inherit (builtins)
    all
    concatMap
    head
    isAttrs
    isBool
    isString
    length
    map
    mapAttrs
    typeOf
    zipAttrsWith
    ;

  mkType =
    name: check: merge:
    let
      type = {
        inherit name check;
        _type = "option-type";
        join = _: null;
        merge =
          loc: definitions:
          if all (d: check d.value) definitions then
            merge loc definitions
          else
            throw "A definition for option `${lib.showOption loc}' is not of type `${name}'. Definition values:${lib.showDefinitions definitions}";
      };
    in
    type;

  one =
    loc: definitions:
    if length definitions == 1 then
      (head definitions).value
    else
      throw "The option `${lib.showOption loc}' is defined multiple times while it's expected to be unique.\nDefinition values:${lib.showDefinitions definitions}";

  types = {
    raw = mkType "raw value" (_: true) one;
    str = mkType "string" isString one;
    bool = mkType "boolean" isBool one;
    package = mkType "package" (v: isString v || v ? outPath) one;
    path = mkType "path" (v: isString v || typeOf v == "path" || v ? outPath) one;

    nullOr =
      element:
      mkType "null or ${element.name}" (v: v == null || element.check v) (
        loc: definitions:
        if all (d: d.value == null) definitions then null else element.merge loc definitions
      );

    listOf =
      element:
      mkType "list of ${element.name}" builtins.isList (
        loc: definitions:
        concatMap (d: map (value: element.merge loc [ (d // { inherit value; }) ]) d.value) definitions
      );

    lazyAttrsOf =
      element:
      mkType "lazy attribute set of ${element.name}" isAttrs (
        loc: definitions:
        zipAttrsWith (name: lib.mergeDefinitions (loc ++ [ name ]) element) (
          map (d: mapAttrs (_: value: d // { inherit value; }) d.value) definitions
        )
      );
    attrsOf = types.lazyAttrsOf;

    # An own evaluation of modules; definitions are further modules.
    submoduleWith =
      args@{
        modules,
        specialArgs ? { },
        freeformType ? null,
      }:
      mkType "submodule" (v: isAttrs v || lib.isFunction v || typeOf v == "path") (
        loc: definitions:
        (lib.evalModules {
          inherit specialArgs freeformType;
          prefix = loc;
          modules =
            modules
            ++ [ { _module.args.name = lib.mkOptionDefault (lib.last loc); } ]
            ++ map (d: lib.setDefaultModuleLocation d.file d.value) definitions;
        }).config
      )
      // {
        inherit args;
        join =
          other:
          if other.name == "submodule" then
            types.submoduleWith (args // other.args // { modules = modules ++ other.args.modules; })
          else
            null;
      };
    submodule = module: types.submoduleWith { modules = [ module ]; };

    # Modules that are kept for an evaluation elsewhere.
    deferredModuleWith =
      { staticModules }:
      mkType "module" (_: true) (
        _loc: definitions:
        staticModules ++ map (d: lib.setDefaultModuleLocation d.file d.value) definitions
      )
      // {
        inherit staticModules;
        join =
          other:
          if other ? staticModules then
            types.deferredModuleWith { staticModules = staticModules ++ other.staticModules; }
          else
            null;
      };
  };
in
{
  inherit types;
}
