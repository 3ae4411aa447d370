{
  nixpkgs = "26.05";
  claude-code = "2.1.98";
  hello = "2.12.3";
  nixfmt = "1.2.0";
  nodejs = "24.14.1";
  opencode = "1.3.17";
  python3 = "3.13.12";
  shellcheck = "0.11.0";
  shfmt = "3.13.0";
}
