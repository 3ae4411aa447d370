# The inputs of the flake in a folder, from its flake.lock: what Nix does when
# it calls a flake, as an expression. Each input is fetched when it is used.
folder:
let
  lockFile = folder + "/flake.lock";
  lock = builtins.fromJSON (builtins.readFile lockFile);
  supported = lock.version >= 5 && lock.version <= 7;

  # An input is a node's key, or the path of inputs from the root it follows.
  keyOf = input: if builtins.isList input then builtins.foldl' step lock.root input else input;
  step = key: name: keyOf lock.nodes.${key}.inputs.${name};
  inputsOf = node: builtins.mapAttrs (_: input: flakes.${keyOf input}) (node.inputs or { });

  flakes = builtins.mapAttrs (
    _key: node:
    let
      sourceInfo = builtins.fetchTree (removeAttrs node.locked [ "dir" ]);
      outPath = sourceInfo.outPath + (if node.locked ? dir then "/" + node.locked.dir else "");
      inputs = inputsOf node;
      outputs = (import (outPath + "/flake.nix")).outputs (inputs // { self = flake; });
      flake =
        outputs
        // sourceInfo
        // {
          inherit
            inputs
            outPath
            outputs
            sourceInfo
            ;
          _type = "flake";
        };
    in
    if node.flake or true then flake else sourceInfo // { inherit sourceInfo outPath; }
  ) lock.nodes;
in
if !builtins.pathExists lockFile then
  # A flake without a lock is called without inputs, and shows none.
  ((import (folder + "/flake.nix")).outputs { }).inputs
else if supported then
  inputsOf lock.nodes.${lock.root}
else
  throw "lock file '${toString lockFile}' has unsupported version ${toString lock.version}"
