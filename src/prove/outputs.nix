# Describes the outputs of a flake for comparison. Evaluated by flakepart, purely, with Nix >= 2.8.
#
# `describe` gives a flat list of leaves { path; kind; value; }. What throws is a leaf of kind
# "thrown"; other errors end the evaluation, and flakepart asks again for smaller parts.
{ url, systems }:
let
  inherit (builtins)
    attrNames
    concatLists
    concatStringsSep
    elem
    elemAt
    foldl'
    getContext
    head
    isAttrs
    isFunction
    isString
    length
    tryEval
    typeOf
    unsafeDiscardStringContext
    ;

  outputs = (builtins.getFlake url).outputs;
  get = foldl' (set: name: set.${name}) outputs;

  # Outputs whose second level is a system.
  perSystem = [
    "apps" "bundlers" "checks" "defaultApp" "defaultBundler" "defaultPackage" "devShell" "devShells"
    "formatter" "legacyPackages" "packages"
  ];
  # Code for others to evaluate: compared by its shape.
  code = [
    "darwinModules" "flakeModule" "flakeModules" "homeManagerModules" "homeModules" "modules"
    "nixosModule" "nixosModules" "overlay" "overlays"
  ];
  # Views of the evaluation itself, and what may be as large as all of nixpkgs.
  skipped = [ "allSystems" "currentSystem" "debug" ];
  isLegacy = path: length path == 2 && head path == "legacyPackages";
  # The derivation that a configuration is about.
  goal = {
    darwinConfigurations = [ "system" ];
    homeConfigurations = [ "activationPackage" ];
    nixosConfigurations = [ "config" "system" "build" "toplevel" ];
  };

  isDerivation = v: isAttrs v && v.type or null == "derivation";
  isApp = v: isAttrs v && v.type or null == "app" && v ? program;
  plain = s: unsafeDiscardStringContext (toString s);
  wanted = path: systems == [ ] || length path < 2 || !(elem (head path) perSystem) || elem (elemAt path 1) systems;
  isGoal = path: length path == 2 && goal ? ${head path};
  depth = path: if head path == "hydraJobs" then 5 else 4;

  leaf = path: kind: value: [ { inherit path kind value; } ];

  describe = path: v:
    if elem (head path) skipped then leaf path "skipped" ""
    else if isLegacy path then (if attrNames v == [ ] then [ ] else leaf path "skipped" "")
    else if isGoal path then
      leaf path "derivation" (plain (foldl' (set: name: set.${name}) v goal.${head path}).drvPath)
    else if isDerivation v then leaf path "derivation" (plain v.drvPath)
    else if isApp v then
      # The program's path says what runs, its context which derivation makes it.
      leaf path "app" (concatStringsSep " " ([ (plain v.program) ] ++ attrNames (getContext "${v.program}")))
    else if isFunction v then leaf path "function" ""
    else if isAttrs v then
      if elem (head path) code && length path > 1 then leaf path "set" (concatStringsSep " " (attrNames v))
      else if length path >= depth path then leaf path "skipped" ""
      else concatLists (map (name: guarded (path ++ [ name ]) v.${name}) (attrNames v))
    else if isString v then leaf path "value" (unsafeDiscardStringContext v)
    else if elem (typeOf v) [ "bool" "int" "null" "float" ] then leaf path "value" (builtins.toJSON v)
    else leaf path (typeOf v) "";

  # tryEval catches what throws, so that one output that does hides no other.
  guarded = path: v:
    if !(wanted path) then [ ]
    else
      let
        leaves = describe path v;
        tried = tryEval (builtins.deepSeq leaves leaves);
      in
      if tried.success then tried.value else leaf path "thrown" "";
in
{
  # The leaves below each of the paths.
  describe = paths: concatLists (map (path: describe path (get path)) paths);

  # The names below a path that are worth describing one by one; null where it is a leaf itself.
  names = path:
    let v = get path; in
    if path == [ ] then attrNames v
    else if elem (head path) skipped || isLegacy path || isGoal path || !(isAttrs v) || isDerivation v || isApp v
      || (elem (head path) code && length path > 1) || length path >= depth path
    then null
    else builtins.filter (name: wanted (path ++ [ name ])) (attrNames v);
}
