# Those leaves of a flake's outputs that evaluate, by output. `outputs` is the file in which flakepart lists
# them, `names` are the outputs to look at, and `poisoned` is the input that throws, or null.
{
  outputs,
  url,
  system,
  names,
  poisoned,
}:
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    deepSeq
    filter
    listToAttrs
    tryEval
    ;

  flake = builtins.getFlake url;
  inherit (import outputs { inherit url; systems = [ system ]; }) forced;
  succeeds = value: (tryEval (deepSeq value null)).success;
  whenever = list: if succeeds list then list else [ ];

  described = name: map (leaf: concatStringsSep "." leaf.path) (filter (leaf: leaf.kind != "thrown") (forced [ name ]));

  # That does not look into functions, so overlays are called.
  packages.system = system;
  packages.stdenv.hostPlatform.system = system;
  called =
    name:
    let
      set = flake.overlays.${name} packages packages;
      works = package: succeeds (set.${package}.drvPath or set.${package});
    in
    map (package: "overlays.${name} ${package}") (filter works (whenever (attrNames set)));

  leaves = name: if name == "overlays, called" then concatMap called (attrNames flake.overlays) else described name;
in
assert poisoned == null || !succeeds flake.inputs.${poisoned}.outPath;
listToAttrs (map (name: { inherit name; value = whenever (leaves name); }) names)
