{
  perSystem =
    { config, pkgs, ... }:
    {
      boxes.claudebox = {
        tool = pkgs.claude-code;
        toolBinary = "claude";
        description = "Sandboxed Claude Code";
        home = ".claude";
        network = true;
        env.DISABLE_AUTOUPDATER = "1";
      };

      # What `nix run` starts.
      packages.default = config.packages.claudebox;
    };
}
