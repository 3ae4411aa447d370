{ inputs, ... }:
{
  perSystem =
    { system, ... }:
    {
      boxes.hermesbox = {
        tool =
          inputs.hermes-agent.packages.${system}.default
            or (throw "hermes-agent has no package for ${system}");
        toolBinary = "hermes";
        description = "Sandboxed Hermes Agent";
        home = ".hermes";
      };
    };
}
