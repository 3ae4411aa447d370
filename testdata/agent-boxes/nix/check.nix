{
  perSystem =
    { pkgs, ... }:
    {
      # The launcher is no package's source, so nothing else would parse it.
      checks.launcher = pkgs.runCommand "launcher-syntax" { } ''
        sh -n ${../src/launch.sh}
        : > "$out"
      '';
    };
}
