{
  nixConfig = {
    extra-substituters = [ "https://heavy.example.org" ];
    extra-trusted-public-keys = [ "heavy:key" ];
  };
  nixConfig.bash-prompt = "heavy";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    heavy.url = "github:o/heavy";
  };
  outputs = _: { };
}
