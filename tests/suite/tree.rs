//! Where bytes come from.

use flakepart::tree::source_name;

#[test]
fn a_source_has_the_name_in_the_store_that_nix_gives_it() {
    // nix-store --print-fixed-path --recursive sha256 e3b0c44298fc1c149afbf4c8996fb924… source
    let of_nothing = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let name = source_name("/nix/store".into(), of_nothing);
    assert_eq!(name.as_deref(), Some("f6jkrn77ysv9dhs8hh6s2faflhjc930i-source"));
    for broken in [
        "",
        "sha256-",
        "sha512-47DEQpj8HBSa",
        "sha256-../../etc",
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    ] {
        assert_eq!(source_name("/nix/store".into(), broken), None, "{broken}");
    }
}
