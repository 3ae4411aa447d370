# Builds Pi from its monorepo. A module argument and no package: nobody should
# install it without its box (nix/pibox.nix).
{ inputs, ... }:
{
  perSystem =
    { pkgs, ... }:
    {
      _module.args.pi-agent = pkgs.buildNpmPackage {
        pname = "pi";
        version = "0.71.0";
        src = inputs.pi-mono;

        npmDepsHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        nativeBuildInputs = [ pkgs.nodejs ];

        # npm would link the workspace's bin for us.
        postInstall = ''
          ln -s ../lib/node_modules/pi/packages/coding-agent/cli.sh "$out/bin/pi"
        '';

        meta.mainProgram = "pi";
      };
    };
}
