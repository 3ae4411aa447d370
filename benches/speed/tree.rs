//! Trees of Nix files of any size, the same in every run: a flake-parts flake whose modules come through
//! import-tree, with hosts of many NixOS modules.

use std::fs;
use std::io;
use std::path::Path;

use super::Random;

/// Names of the inputs that the code uses.
const INPUTS: [&str; 8] =
    ["agenix", "disko", "heavy", "home-manager", "lanzaboote", "nixos-hardware", "stylix", "treefmt-nix"];

/// Writes a flake with so many .nix files into an empty folder.
pub fn tree(folder: &Path, files: usize) -> io::Result<()> {
    let mut random = Random(0x5eed);
    fs::create_dir_all(folder)?;
    fs::write(folder.join("flake.nix"), flake())?;
    fs::write(folder.join("flake.lock"), lock())?;
    for number in 1..files {
        let (path, text) = match number % 20 {
            0 => (format!("parts/part{number}.nix"), part(number, &mut random)),
            10 => (format!("parts/_hosts/host{number}/default.nix"), host(number, &mut random)),
            _ => (format!("nixos/area{}/service{number}.nix", number % 23), service(number, &mut random)),
        };
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, text)?;
    }
    Ok(())
}

fn flake() -> String {
    let inputs: String =
        INPUTS.iter().map(|name| format!("    {name}.url = \"github:synthetic/{name}\";\n")).collect();
    format!(
        "{{
  inputs = {{
{inputs}    flake-parts.url = \"github:synthetic/flake-parts\";
    import-tree.url = \"github:synthetic/import-tree\";
    nixpkgs.url = \"github:synthetic/nixpkgs\";
  }};

  outputs = inputs: inputs.flake-parts.lib.mkFlake {{ inherit inputs; }} (inputs.import-tree ./parts);
}}
"
    )
}

fn lock() -> String {
    let names = INPUTS.iter().chain(&["flake-parts", "import-tree", "nixpkgs"]);
    let (mut nodes, mut inputs) = (String::new(), String::new());
    for name in names {
        let source = format!("\"owner\": \"synthetic\", \"repo\": \"{name}\", \"type\": \"github\"");
        nodes.push_str(&format!(
            "    \"{name}\": {{ \"locked\": {{ {source}, \"rev\": \"{:040}\", \"narHash\": \"sha256-{:043}=\", \
             \"lastModified\": 1730000000 }}, \"original\": {{ {source} }} }},\n",
            name.len(),
            name.len()
        ));
        inputs.push_str(&format!("{}\"{name}\": \"{name}\"", if inputs.is_empty() { "" } else { ", " }));
    }
    format!(
        "{{ \"nodes\": {{\n{nodes}    \"root\": {{ \"inputs\": {{ {inputs} }} }}\n  }}, \"root\": \"root\", \"version\": 7 }}\n"
    )
}

/// A flake-parts module.
fn part(number: usize, random: &mut Random) -> String {
    let input = INPUTS[random.below(INPUTS.len())];
    format!(
        "{{ inputs, lib, config, ... }}:
{{
  options.parts.part{number} = lib.mkOption {{
    type = lib.types.attrsOf lib.types.package;
    default = {{ }};
    description = \"What part {number} adds to the packages.\";
  }};

  config.perSystem = {{ pkgs, system, ... }}: {{
    packages.tool{number} = pkgs.symlinkJoin {{
      name = \"tool{number}\";
      paths = [ inputs.{input}.packages.${{system}}.default pkgs.hello ];
    }};
  }};

  config.flake.nixosConfigurations.host{number} = inputs.nixpkgs.lib.nixosSystem {{
    specialArgs = {{ inherit (inputs) {input} nixpkgs; }};
    modules = [
      ./_hosts/host{}
      ({{ pkgs, ... }}: {{ environment.systemPackages = [ pkgs.git ]; }})
    ];
  }};
}}
",
        number + 10
    )
}

/// A host, made of a dozen services.
fn host(number: usize, random: &mut Random) -> String {
    let imports: String = (0..12)
        .map(|_| {
            let at = 1 + random.below(number);
            format!("    ../../../nixos/area{}/service{at}.nix\n", at % 23)
        })
        .collect();
    format!(
        "{{ config, lib, pkgs, ... }}:
{{
  imports = [
{imports}  ];

  networking.hostName = \"host{number}\";
  time.timeZone = lib.mkDefault \"Europe/Berlin\";
  users.users.admin = {{
    isNormalUser = true;
    extraGroups = [ \"wheel\" \"video\" ] ++ lib.optional config.networking.networkmanager.enable \"networkmanager\";
  }};
  system.stateVersion = \"24.05\";
}}
"
    )
}

/// A NixOS module as there are thousands.
fn service(number: usize, random: &mut Random) -> String {
    let options: String = (0..3 + random.below(6))
        .map(|option| {
            format!(
                "    setting{option} = mkOption {{
      type = types.nullOr (types.either types.str (types.listOf types.int));
      default = if cfg.enable then \"{option}\" else null;
      description = ''
        What setting {option} of service {number} is.
        It goes into `''${{RUNTIME_DIRECTORY}}/config`, see {{option}}`services.service{number}`.
      '';
    }};
"
            )
        })
        .collect();
    format!(
        "{{ config, lib, pkgs, ... }}:
let
  inherit (lib) mkEnableOption mkIf mkOption optionalString types;
  cfg = config.services.service{number};
  settings = lib.filterAttrs (name: value: value != null && name != \"enable\") cfg;
  format = pkgs.formats.toml {{ }};
in
{{
  options.services.service{number} = {{
    enable = mkEnableOption \"service {number}\";
    package = mkOption {{
      type = types.package;
      default = pkgs.service{number};
    }};
{options}  }};

  config = mkIf cfg.enable {{
    environment.etc.\"service{number}.toml\".source = format.generate \"service{number}.toml\" settings;
    systemd.services.service{number} = {{
      wantedBy = [ \"multi-user.target\" ];
      after = [ \"network.target\" ];
      script = ''
        ${{optionalString (cfg.package != null) \"export PATH=${{cfg.package}}/bin:$PATH\"}}
        exec service{number} --config /etc/service{number}.toml
      '';
      serviceConfig = {{
        DynamicUser = true;
        StateDirectory = \"service{number}\";
        Restart = \"on-failure\";
      }};
    }};
    networking.firewall.allowedTCPPorts = builtins.filter (port: port > 0) [ {number} ];
  }};
}}
"
    )
}
