//! Credentials in URLs are never printed.

use flakepart::credentials::hidden;

#[test]
fn user_password_and_secret_parameters_go_and_all_else_stays() {
    for (given, expected) in [
        ("https://user:pass@example.org/a", "https://example.org/a"),
        ("git+ssh://git@example.org/a?ref=main", "git+ssh://example.org/a?ref=main"),
        ("https://example.org/@scope/a", "https://example.org/@scope/a"),
        ("https://h/a?access_token=x&ref=y", "https://h/a?access_token=…&ref=y"),
        ("https://h/a?X-Amz-Signature=x", "https://h/a?X-Amz-Signature=…"),
        (
            "error: 'https://u:p@h/a': 403, tried https://u:p@h/b",
            "error: 'https://h/a': 403, tried https://h/b",
        ),
        ("\"url\": \"https://u:p@h/a\",\n+ x@y", "\"url\": \"https://h/a\",\n+ x@y"),
        ("github:NixOS/nixpkgs no:credentials@here", "github:NixOS/nixpkgs no:credentials@here"),
        ("https://u:p@", "https://"),
        ("://", "://"),
    ] {
        assert_eq!(hidden(given), expected);
    }
}
