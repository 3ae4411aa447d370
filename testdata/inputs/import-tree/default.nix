# The .nix files below a folder as one module. What has a name that starts
# with an underscore, or lies in such a folder, is left out.
folder:
let
  inherit (builtins)
    attrNames
    concatMap
    match
    readDir
    ;
  filesIn =
    path:
    let
      entries = readDir path;
    in
    concatMap (
      name:
      if match "_.*" name != null then
        [ ]
      else if entries.${name} == "directory" then
        filesIn (path + "/${name}")
      else if match ".*\\.nix" name != null then
        [ (path + "/${name}") ]
      else
        [ ]
    ) (attrNames entries);
in
{
  imports = filesIn folder;
}
