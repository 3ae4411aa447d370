{
  perSystem =
    { config, pkgs, ... }:
    {
      devShells.default = pkgs.mkShell {
        name = "agent-boxes";
        packages = [
          pkgs.shellcheck
          config.treefmt.build.wrapper
        ];
      };
    };
}
