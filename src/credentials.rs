//! Credentials in URLs, which are never printed.

/// A text with the user and password taken out of every URL in it, and with the values of URL
/// parameters that are secrets replaced by `…`.
#[must_use]
pub fn hidden(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(colon) = rest.find("://") {
        let (before, url) = rest.split_at(colon + 3);
        result.push_str(before);
        let end = url.find(|c: char| c.is_whitespace() || "\"'`<>\\".contains(c)).unwrap_or(url.len());
        let (url, after) = url.split_at(end);
        let host_end = url.find(['/', '?', '#']).unwrap_or(url.len());
        let user_end = url[..host_end].rfind('@').map_or(0, |at| at + 1);
        result.push_str(&without_secrets(&url[user_end..]));
        rest = after;
    }
    result + rest
}

/// `a?token=x&ref=y` becomes `a?token=…&ref=y`.
fn without_secrets(url: &str) -> String {
    let Some((place, query)) = url.split_once('?') else { return url.to_owned() };
    let parameters = query.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}=…"),
        _ => parameter.to_owned(),
    });
    format!("{place}?{}", parameters.collect::<Vec<_>>().join("&"))
}

/// Whether a parameter's name says that its value is nobody's business.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["auth", "key", "pass", "secret", "sig", "token"].iter().any(|word| name.contains(word))
}
