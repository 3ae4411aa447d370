{
  perSystem =
    { pi-agent, ... }:
    {
      boxes.pibox = {
        tool = pi-agent;
        toolBinary = "pi";
        description = "Sandboxed Pi";
        home = ".pi";
      };
    };
}
