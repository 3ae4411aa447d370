//! One more module among the `imports` of another.

use flakepart::nix::add_import;

use super::source;

/// What becomes of a flake.nix whose `mkFlake` gets this module.
fn with_import(module: &str) -> String {
    let given =
        format!("{{ outputs = inputs: inputs.flake-parts.lib.mkFlake {{ inherit inputs; }} {module}; }}");
    let result = match add_import(&source(&given), true, "./p.nix") {
        Ok(edits) => edits.apply(&given),
        Err(error) => return error.to_string(),
    };
    // It still is Nix.
    source(&result);
    let (_, module) = result.split_once("inherit inputs; } ").unwrap();
    module.strip_suffix("; }").unwrap().to_owned()
}

#[test]
fn a_module_is_imported_behind_the_others_however_they_are_given() {
    let modules = [
        "{ imports = [ ./a.nix ]; }",
        "{ imports = [ ]; }",
        "{ systems = [ ]; }",
        "({ lib, ... }: let f = lib.id; in { imports = f [ ./a.nix ]; })",
        "{ imports = builtins.attrValues (import ./modules); }",
        "{ imports = modules; }",
        "{ imports = self.modules.all; }",
        "{ imports = (f x); }",
        "{ imports = a ++ [ ./a.nix ] ++ b; }",
        "{ imports = a ++ f b; }",
        "{ imports = if x then a else b; }",
        "{ imports = let a = f x; in a; }",
        "{ imports = with lib; filter isPath paths; }",
        "{ imports = a + b; }",
        "{ imports = filter f xs # all of them\n; }",
    ];
    let results: Vec<String> =
        modules.iter().map(|module| format!("{module}\n  {}", with_import(module))).collect();
    insta::assert_snapshot!(results.join("\n"), @"
    { imports = [ ./a.nix ]; }
      { imports = [ ./a.nix ./p.nix ]; }
    { imports = [ ]; }
      { imports = [ ./p.nix ]; }
    { systems = [ ]; }
      { imports = [ ./p.nix ]; systems = [ ]; }
    ({ lib, ... }: let f = lib.id; in { imports = f [ ./a.nix ]; })
      ({ lib, ... }: let f = lib.id; in { imports = f [ ./a.nix ] ++ [ ./p.nix ]; })
    { imports = builtins.attrValues (import ./modules); }
      { imports = builtins.attrValues (import ./modules) ++ [ ./p.nix ]; }
    { imports = modules; }
      { imports = modules ++ [ ./p.nix ]; }
    { imports = self.modules.all; }
      { imports = self.modules.all ++ [ ./p.nix ]; }
    { imports = (f x); }
      { imports = (f x) ++ [ ./p.nix ]; }
    { imports = a ++ [ ./a.nix ] ++ b; }
      { imports = a ++ [ ./a.nix ./p.nix ] ++ b; }
    { imports = a ++ f b; }
      { imports = a ++ f b ++ [ ./p.nix ]; }
    { imports = if x then a else b; }
      { imports = (if x then a else b) ++ [ ./p.nix ]; }
    { imports = let a = f x; in a; }
      { imports = (let a = f x; in a) ++ [ ./p.nix ]; }
    { imports = with lib; filter isPath paths; }
      { imports = (with lib; filter isPath paths) ++ [ ./p.nix ]; }
    { imports = a + b; }
      { imports = (a + b) ++ [ ./p.nix ]; }
    { imports = filter f xs # all of them
    ; }
      { imports = filter f xs ++ [ ./p.nix ] # all of them
    ; }
    ");
}

#[test]
fn a_module_that_is_no_set_takes_no_import() {
    insta::assert_snapshot!(with_import("(import ./modules)"), @"what `mkFlake` gets is no set");
    for unreadable in [
        "({ imports = f x; } // import ./m.nix)",
        "(let imports = [ ]; in { inherit imports; })",
        "{ inherit (x) imports; }",
    ] {
        assert_eq!(with_import(unreadable), "what `mkFlake` gets is no set", "{unreadable}");
    }
    insta::assert_snapshot!(with_import("./module.nix"), @"what `mkFlake` gets is no set");
}
