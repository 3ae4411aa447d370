{
  nixpkgs = "25.11";
  claude-code = "2.0.51";
  hello = "2.12.2";
  nixfmt = "1.1.0";
  nodejs = "22.21.1";
  opencode = "1.0.119";
  python3 = "3.12.12";
  shellcheck = "0.11.0";
  shfmt = "3.12.0";
}
