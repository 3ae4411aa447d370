# A hook of git-hooks.nix, as a module for flake-parts. It belongs to your other hooks, and the input
# `flakepart.url = "github:flakepart/flakepart/v@VERSION@"` to git-hooks.nix: in a partition, at best.
{
  perSystem =
    { inputs', lib, ... }:
    {
      pre-commit.settings.hooks.flakepart = {
        enable = true;
        name = "flakepart";
        description = "Checks that the flake's locks and partitions fit together";
        entry = "${lib.getExe inputs'.flakepart.packages.default} check --staged@FLAKE@";
        always_run = true;
        pass_filenames = false;
      };
    };
}
