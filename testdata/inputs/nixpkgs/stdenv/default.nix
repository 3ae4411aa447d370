final: prev:
let
  inherit (prev) lib system;

  mkDerivation =
    args:
    let
      env = removeAttrs args [
        "meta"
        "passthru"
      ];
      name = args.name or "${args.pname}-${args.version}";
      drv = builtins.derivation (
        {
          inherit name system;
          builder = "/bin/sh";
          args = [ ./builder.sh ];
          # The host's own tools: nothing here comes from the network.
          PATH = "/usr/bin:/bin";
        }
        // env
      );
    in
    drv // (args.passthru or { }) // { meta = args.meta or { }; };
in
{
  stdenv = {
    inherit mkDerivation;
    hostPlatform = {
      inherit system;
      isLinux = lib.hasSuffix "-linux" system;
    };
  };

  runCommand =
    name: env: buildCommand:
    mkDerivation (env // { inherit name buildCommand; });

  writeTextFile =
    {
      name,
      text,
      destination ? "",
      executable ? false,
      meta ? { },
    }:
    final.runCommand name { inherit text executable meta; } ''
      target="$out${destination}"
      mkdir -p "''${target%/*}"
      printf '%s' "$text" > "$target"
      if [ -n "$executable" ]; then chmod +x "$target"; fi
    '';

  writeText = name: text: final.writeTextFile { inherit name text; };

  writeShellScriptBin =
    name: text:
    final.writeTextFile {
      inherit name;
      text = "#!/bin/sh\n${text}\n";
      destination = "/bin/${name}";
      executable = true;
      meta.mainProgram = name;
    };

  buildEnv =
    { name, paths }:
    final.runCommand name { inherit paths; } ''
      mkdir -p "$out/bin"
      for path in $paths; do ln -sf "$path"/bin/* "$out/bin/"; done
    '';

  mkShell =
    {
      name ? "nix-shell",
      packages ? [ ],
      shellHook ? "",
    }:
    final.runCommand name {
      inherit shellHook;
      nativeBuildInputs = packages;
    } "export > $out";

  # As with the real one, the phases can be hooked and the tree ends up below
  # lib/node_modules; nothing is compiled, and npmDepsHash is only recorded.
  buildNpmPackage =
    args:
    mkDerivation (
      {
        installPhase = ''
          mkdir -p "$out/bin" "$out/lib/node_modules/$pname"
          cp -r . "$out/lib/node_modules/$pname/"
          eval "$postInstall"
        '';
        postInstall = "";
      }
      // args
    );
}
