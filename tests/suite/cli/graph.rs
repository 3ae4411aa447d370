//! `flakepart graph`

use insta::assert_snapshot;

use crate::support::Repo;

#[test]
fn it_is_drawn_for_graphviz_mermaid_and_programs() {
    let repo = Repo::agent_boxes();
    assert_snapshot!(repo.flakepart(&["graph", "--format", "dot"]), @r#"
    exit code 0
    --- stdout ---
    digraph lock {
      rankdir=LR;
      node [shape=box];
      "flake-parts" [tooltip="git+https://git.example/hercules-ci/flake-parts"];
      "flake-parts_2" [tooltip="git+https://git.example/hercules-ci/flake-parts"];
      "hermes-agent" [tooltip="git+https://git.example/NousResearch/hermes-agent"];
      "import-tree" [tooltip="git+https://git.example/vic/import-tree"];
      "nixpkgs" [tooltip="git+https://git.example/NixOS/nixpkgs"];
      "nixpkgs_2" [tooltip="git+https://git.example/NixOS/nixpkgs"];
      "npm-lockfile-fix" [tooltip="git+https://git.example/jeslie0/npm-lockfile-fix"];
      "pi-mono" [tooltip="git+https://git.example/badlogic/pi-mono"];
      "pyproject-build-systems" [tooltip="git+https://git.example/pyproject-nix/build-system-pkgs"];
      "pyproject-nix" [tooltip="git+https://git.example/pyproject-nix/pyproject.nix"];
      "pyproject-nix_2" [tooltip="git+https://git.example/pyproject-nix/pyproject.nix"];
      "pyproject-nix_3" [tooltip="git+https://git.example/pyproject-nix/pyproject.nix"];
      "root" [tooltip="this flake"];
      "systems" [tooltip="git+https://git.example/nix-systems/default"];
      "systems_2" [tooltip="git+https://git.example/nix-systems/default"];
      "treefmt-nix" [tooltip="git+https://git.example/numtide/treefmt-nix"];
      "uv2nix" [tooltip="git+https://git.example/pyproject-nix/uv2nix"];
      "uv2nix_2" [tooltip="git+https://git.example/pyproject-nix/uv2nix"];
      "flake-parts" -> "nixpkgs_2" [label="nixpkgs-lib", style=dashed];
      "flake-parts_2" -> "nixpkgs" [label="nixpkgs-lib", style=dashed];
      "hermes-agent" -> "flake-parts_2" [label="flake-parts"];
      "hermes-agent" -> "nixpkgs";
      "hermes-agent" -> "npm-lockfile-fix";
      "hermes-agent" -> "pyproject-build-systems";
      "hermes-agent" -> "pyproject-nix_2" [label="pyproject-nix"];
      "hermes-agent" -> "systems_2" [label="systems", style=dashed];
      "hermes-agent" -> "uv2nix_2" [label="uv2nix"];
      "npm-lockfile-fix" -> "nixpkgs" [style=dashed];
      "npm-lockfile-fix" -> "systems";
      "pyproject-build-systems" -> "nixpkgs" [style=dashed];
      "pyproject-build-systems" -> "pyproject-nix";
      "pyproject-build-systems" -> "uv2nix";
      "pyproject-nix" -> "nixpkgs" [style=dashed];
      "pyproject-nix_2" -> "nixpkgs" [style=dashed];
      "pyproject-nix_3" -> "nixpkgs" [style=dashed];
      "root" -> "flake-parts";
      "root" -> "hermes-agent";
      "root" -> "import-tree";
      "root" -> "nixpkgs_2" [label="nixpkgs"];
      "root" -> "pi-mono";
      "root" -> "systems_2" [label="systems"];
      "root" -> "treefmt-nix";
      "treefmt-nix" -> "nixpkgs_2" [label="nixpkgs", style=dashed];
      "uv2nix" -> "nixpkgs" [style=dashed];
      "uv2nix" -> "pyproject-nix" [style=dashed];
      "uv2nix_2" -> "nixpkgs" [style=dashed];
      "uv2nix_2" -> "pyproject-nix_3" [label="pyproject-nix"];
    }
    "#);
    assert_snapshot!(repo.flakepart(&["graph", "--format", "mermaid", "--focus", "pyproject-nix"]), @r#"
    exit code 0
    --- stdout ---
    graph LR
      n0["hermes-agent"]
      n1["nixpkgs"]
      n2["pyproject-build-systems"]
      n3["pyproject-nix"]
      n4["pyproject-nix_2"]
      n5["pyproject-nix_3"]
      n6["root"]
      n7["uv2nix"]
      n8["uv2nix_2"]
      n0 --> n1
      n0 --> n2
      n0 -->|"pyproject-nix"| n4
      n0 -->|"uv2nix"| n8
      n2 -.-> n1
      n2 --> n3
      n2 --> n7
      n3 -.-> n1
      n4 -.-> n1
      n5 -.-> n1
      n6 --> n0
      n7 -.-> n1
      n7 -.-> n3
      n8 -.-> n1
      n8 -->|"pyproject-nix"| n5
    "#);
    assert_snapshot!(repo.flakepart(&["graph", "--format", "json", "--focus", "pi-mono"]), @r#"
    exit code 0
    --- stdout ---
    {
      "schema": 1,
      "nodes": [
        {
          "key": "pi-mono",
          "reference": "git+https://git.example/badlogic/pi-mono",
          "rev": "813b5eece36a1cf51d05e7e79904adab11211f25",
          "lastModified": 1775044800
        },
        {
          "key": "root",
          "reference": null,
          "rev": null,
          "lastModified": null
        }
      ],
      "edges": [
        {
          "from": "root",
          "to": "pi-mono",
          "input": "pi-mono",
          "follows": null
        }
      ]
    }
    "#);
}

#[test]
fn names_cannot_break_out_of_a_drawing() {
    let repo = Repo::new(&[(
        "evil.lock",
        r#"{"nodes":{"root":{"inputs":{"a\"]; evil #quot; \\ \u001b":"k\"k"}},"k\"k":{"locked":{"narHash":"sha256-x","type":"path","path":"/x"},"original":{"type":"path","path":"/x\"\n"}}},"root":"root","version":7}"#,
    )]);
    assert_snapshot!(repo.flakepart(&["graph", "--format", "dot", "evil.lock"]), @r#"
    exit code 0
    --- stdout ---
    digraph lock {
      rankdir=LR;
      node [shape=box];
      "k\"k" [tooltip="path:/x\"\\n"];
      "root" [tooltip="this flake"];
      "root" -> "k\"k" [label="a\"]; evil #quot; \\ \\u{1b}"];
    }
    "#);
    assert_snapshot!(repo.flakepart(&["graph", "--format", "mermaid", "evil.lock"]), @r#"
    exit code 0
    --- stdout ---
    graph LR
      n0["k#quot;k"]
      n1["root"]
      n1 -->|"a#quot;]; evil #35;quot; \ \u{1b}"| n0
    "#);
}

#[test]
fn without_a_format_it_is_drawn_for_graphviz() {
    let repo = Repo::agent_boxes();
    assert_eq!(repo.flakepart(&["graph"]).stdout, repo.flakepart(&["graph", "--format", "dot"]).stdout);
}
