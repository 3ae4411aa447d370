# Describes the outputs of a flake for comparison. Evaluated by flakepart, purely, with Nix >= 2.8.
#
# Outputs come as a flat list of leaves { path; kind; value; }. What throws is a leaf of kind "thrown".
# Other errors end the evaluation; each path is announced before it is looked at, so that flakepart knows
# which one failed and asks again: `from` there, as far as `until`, without those to `skip`, all in the
# order of the paths. What derivations come to can be left for `jobs`, which nix-eval-jobs evaluates.
#
# Overlays are applied to the input `nixpkgs` of the flake `nixpkgs`, for `system`; without one they are
# functions like others.
{ url, systems, nixpkgs ? url, system ? "", from ? null, until ? null, skip ? [ ], later ? false, mark ? "" }:
let
  inherit (builtins)
    attrNames
    concatLists
    concatStringsSep
    elem
    elemAt
    filter
    foldl'
    fromJSON
    functionArgs
    genList
    getContext
    head
    isAttrs
    isFunction
    isList
    isString
    length
    lessThan
    listToAttrs
    mapAttrs
    match
    sort
    toJSON
    tryEval
    typeOf
    unsafeDiscardStringContext
    ;

  outputs = (builtins.getFlake url).outputs;
  get = path: foldl' (v: depth: let name = elemAt path depth; in opened (upTo depth path ++ [ name ]) (child v name)) outputs (genList (n: n) (length path));
  upTo = depth: path: genList (elemAt path) depth;

  # Outputs whose second level is a system.
  perSystem = [
    "apps" "bundlers" "checks" "defaultApp" "defaultBundler" "defaultPackage" "devShell" "devShells"
    "formatter" "legacyPackages" "packages"
  ];
  # Views of the evaluation itself.
  skipped = [ "allSystems" "currentSystem" "debug" ];
  # May be all of nixpkgs.
  isHuge = path: v: elem (head path) [ "legacyPackages" "overlay" "overlays" ] && length (attrNames v) > 256;
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
  depth = path: if elem (head path) [ "hydraJobs" "legacyPackages" ] then 5 else 4;

  # What nixpkgs gets from an overlay.
  isOverlay = path: path == [ "overlay" ] || length path == 2 && head path == "overlays";
  packages = if system == "" then null else (builtins.getFlake nixpkgs).inputs.nixpkgs.legacyPackages.${system} or null;
  applied = overlay:
    let final = if packages ? extend then packages.extend overlay else packages // overlay packages packages;
    in mapAttrs (name: _: final.${name}) (overlay final packages);

  # A module in a file of its own.
  isModule = path: v: typeOf v == "path" && match ".*Modules?" (head path) != null && match ".*[.]nix" (toString v) != null;

  # What lies behind a value that has to be applied or imported to be looked at.
  opened = path: v:
    if isOverlay path && isFunction v && packages != null then applied v
    else if isModule path v then import v
    else v;

  # Whether a path belongs to what is asked for, or leads there.
  asked = path: !(elem path skip) && (until == null || path < until) && (from == null || !(path < from) || leads path from);
  leads = path: to: length path < length to && upTo (length path) to == path;

  # Says which path comes next, under a mark that the flake's own traces do not know.
  announced = path: builtins.trace "flakepart${mark}: ${toJSON path}";

  drvPath = path: v: if isGoal path then (foldl' (set: name: set.${name}) v goal.${head path}).drvPath else v.drvPath;

  # As much of a derivation as nix-eval-jobs wants to see of one, and nothing that may fail by itself.
  job = path:
    let found = drvPath path (get path);
    in { type = "derivation"; name = "job"; system = "any"; drvPath = found; outPath = found; };

  leaf = path: kind: value: [ { inherit path kind value; } ];

  describe = path: v:
    if elem (head path) skipped then leaf path "skipped" "a view of the evaluation"
    else if isGoal path || isDerivation v then
      if later then leaf path "job" (selected v) else leaf path "derivation" (plain (drvPath path v) + selected v)
    else if isApp v then
      # The program's path says what runs, its context which derivation makes it.
      leaf path "app" (concatStringsSep " " ([ (plain v.program) ] ++ attrNames (getContext "${v.program}")))
    else if isFunction v then leaf path "function" (shape v)
    else if head path == "templates" && typeOf v == "path" then
      leaf path "template" (plain (builtins.path { name = "template"; path = v; }))
    else if isAttrs v || isList v then
      if v == [ ] then leaf path "list" ""
      else if length path >= depth path then leaf path "skipped" "nested too deeply"
      else if isAttrs v && isHuge path v || isList v && length v > 256 then leaf path "skipped" "too large"
      else concatLists (map (name: guarded (path ++ [ name ]) (opened (path ++ [ name ]) (child v name))) (children v))
    else if isString v then leaf path "value" (unsafeDiscardStringContext v)
    else if elem (typeOf v) [ "bool" "int" "null" "float" ] then leaf path "value" (builtins.toJSON v)
    else leaf path (typeOf v) (unsafeDiscardStringContext (toString v));

  # A derivation is taken by its first output. Where another one is selected, its name stands behind it.
  selected = v:
    let name = v.outputName or "out";
    in if name == head (v.outputs or [ "out" ]) then "" else " ${plain name}";

  # As much of a function as shows without its arguments: which ones it takes, and the names of what it gives.
  shape = v:
    let
      takes = functionArgs v;
      given = v (mapAttrs (name: _: throw name) takes);
      gives = tryEval (if isAttrs given then attrNames given else typeOf given);
    in
    toJSON { inherit takes; gives = if takes != { } && gives.success then gives.value else null; };

  # In the order of their names.
  children = v: if isList v then sort lessThan (genList toString (length v)) else attrNames v;
  child = v: name: if isList v then elemAt v (fromJSON name) else v.${name};

  # tryEval catches what throws, so that one output that does hides no other.
  guarded = path: v:
    if !(wanted path && asked path) then [ ]
    else
      let
        leaves = describe path v;
        tried = tryEval (builtins.deepSeq leaves leaves);
      in
      announced path (if tried.success then tried.value else leaf path "thrown" "");
in
rec {
  # The leaves below these of the outputs, or below all if none is named.
  whole = chosen: described (map (name: [ name ]) (filter (name: chosen == [ ] || elem name chosen) names));

  # The leaves below each of the paths, and where the flake lies.
  described = paths: {
    source = plain (builtins.getFlake url).outPath;
    leaves = concatLists (map (path: guarded path (get path)) paths);
  };

  # The derivations at the paths, by their numbers.
  jobs = paths: listToAttrs (genList (n: { name = "job${toString n}"; value = job (elemAt paths n); }) (length paths));

  # The leaves of one path, which may throw.
  forced = path: describe path (get path);

  names = attrNames outputs;
}
