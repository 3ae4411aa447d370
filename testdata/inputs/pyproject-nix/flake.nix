{
  description = "Stand-in for pyproject.nix: reads pyproject.toml";

  inputs.nixpkgs.url = "git+https://git.example/NixOS/nixpkgs";

  outputs =
    { nixpkgs, ... }:
    {
      lib.loadPyproject =
        projectRoot:
        let
          inherit (builtins.fromTOML (builtins.readFile (projectRoot + "/pyproject.toml"))) project;
        in
        {
          pname = project.name;
          inherit (project) version;
          scripts = nixpkgs.lib.attrNames project.scripts;
        };
    };
}
