# The generic box: mkBubblebox wraps one command-line tool in src/launch.sh.
# Modules get it as a perSystem argument.
{
  perSystem =
    { lib, pkgs, ... }:
    {
      _module.args.mkBubblebox =
        {
          # Name of the box and of its command, e.g. "claudebox".
          name,
          # The package to run …
          tool,
          # … and the program in it.
          toolBinary ? tool.meta.mainProgram or name,
          description ? "Sandboxed ${toolBinary}",
          # Folder below $HOME that stays writable.
          home ? "",
          network ? false,
          env ? { },
        }:
        let
          settings = {
            BOX_NAME = name;
            BOX_TOOL = lib.getExe' tool toolBinary;
            BOX_STORE = builtins.storeDir;
            BOX_HOME = home;
            BOX_NET = lib.optionalString (!network) "--unshare-net";
          }
          // env;
          exports = lib.concatStringsSep "\n" (
            lib.mapAttrsToList (key: value: "export ${key}=${lib.escapeShellArg value}") settings
          );
        in
        pkgs.runCommand name
          {
            script = ''
              #!/bin/sh
              ${exports}
              exec ${../src/launch.sh} "$@"
            '';
            meta = {
              inherit description;
              mainProgram = name;
            };
          }
          ''
            mkdir -p "$out/bin"
            printf '%s' "$script" > "$out/bin/${name}"
            chmod +x "$out/bin/${name}"
          '';
    };
}
