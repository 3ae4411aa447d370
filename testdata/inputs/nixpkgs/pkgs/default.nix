final: prev:
let
  inherit (prev) lib;
  versions = import ./versions.nix;

  # A command-line tool that says who it is and repeats its arguments.
  tool =
    pname: mainProgram: description:
    final.stdenv.mkDerivation {
      inherit pname;
      version = versions.${pname};
      text = ''
        #!/bin/sh
        case "''${1-}" in
          --help) echo "usage: ${mainProgram} [ARGUMENT...]" ;;
          --version) echo "${mainProgram} ${versions.${pname}}" ;;
          *) echo "${mainProgram}: $*" ;;
        esac
      '';
      installPhase = ''
        mkdir -p "$out/bin"
        printf '%s' "$text" > "$out/bin/${mainProgram}"
        chmod +x "$out/bin/${mainProgram}"
      '';
      meta = {
        inherit description mainProgram;
      };
    };
in
{
  claude-code = tool "claude-code" "claude" "Agentic coding tool that lives in your terminal";
  hello = tool "hello" "hello" "Program that produces a familiar, friendly greeting";
  nixfmt = tool "nixfmt" "nixfmt" "Formatter for Nix code";
  nodejs = tool "nodejs" "node" "Event-driven I/O framework";
  opencode = tool "opencode" "opencode" "AI coding agent built for the terminal";
  python3 = tool "python3" "python3" "High-level dynamically-typed programming language";
  shellcheck = tool "shellcheck" "shellcheck" "Shell script analysis tool";
  shfmt = tool "shfmt" "shfmt" "Shell parser and formatter";

  # The release, for humans: differs between the two revisions.
  release = versions.nixpkgs;
  inherit (lib) version;
}
