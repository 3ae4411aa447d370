//! What Nix says when something is wrong, and what it means.

/// The essential line of what Nix printed as an error, with the place in the flake where it names one.
/// 2.8 and 2.26 differ in all but this: the last line that begins with `error:` is the cause.
/// `source` is where the flake lies in the store, where that is known.
pub(super) fn essence(stderr: &str, source: Option<&str>) -> String {
    let text = crate::credentials::hidden(&without_styles(stderr));
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let cause = lines
        .iter()
        .rposition(|line| line.strip_prefix("error:").is_some_and(|rest| !rest.trim().is_empty()));
    let Some(at) = cause else {
        return lines.into_iter().rfind(|line| !line.is_empty()).unwrap_or("no message").to_owned();
    };
    let mut message = lines[at].trim_start_matches("error:").trim().to_owned();
    if message.starts_with("program 'git' failed") {
        // Git has said why, just before.
        let above = &lines[..at];
        let since = above.iter().rposition(|line| line.starts_with("error:") || line.starts_with("warning:"));
        let mut said = above.iter().skip(since.unwrap_or(0));
        if let Some(why) = said.find_map(|line| line.strip_prefix("fatal:")) {
            message.push_str(&format!(": {}", why.trim()));
        }
    }
    let place = lines[at..].iter().find_map(|line| {
        let (store, file) = line.strip_prefix("at ")?.split_once("-source/")?;
        let file = file.split_whitespace().next()?.trim_end_matches(':');
        let elsewhere = source.is_some_and(|source| source.strip_suffix("-source") != Some(store));
        Some(if elsewhere { format!("{file} of an input") } else { file.to_owned() })
    });
    if let Some(source) = source {
        message = message.replace(&format!("{source}/"), "");
    }
    // Nix says what it may not do about it, not what is wrong.
    const UNLOCKED: [&str; 2] = ["cannot update unlocked flake input '", "cannot update flake input '"];
    let unlocked = UNLOCKED.iter().find_map(|begin| message.strip_prefix(begin));
    if let Some((name, _)) = unlocked.and_then(|rest| rest.split_once('\'')) {
        message = format!("flake.lock does not pin the input '{name}' as flake.nix declares it");
    }
    // It does not say in which file.
    if message.starts_with("[json.exception.parse_error") && place.is_none() {
        message.push_str("; if that is a lock, `flakepart check` names it");
    }
    match place {
        Some(place) => format!("{message} (at {place})"),
        None => message,
    }
}

/// Text without ANSI escape sequences.
pub(super) fn without_styles(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// How flakepart itself says that inputs could not be had.
pub(super) const NOT_FETCHED: &str = "could not be fetched";

/// Whether an error comes from getting an input rather than from evaluating the flake.
pub(super) fn is_fetch_failure(message: &str) -> bool {
    // A file that is missing in the flake's own source is the flake's fault, and a path that Nix does not
    // follow is not a path that leads nowhere.
    if message.contains("-source/") || message.contains("uses a relative path") {
        return false;
    }
    const SIGNS: [&str; 14] = [
        NOT_FETCHED,
        "Git repository",
        "unable to download",
        "Could not resolve host",
        "Couldn't resolve host",
        "Couldn't connect",
        "Failed to fetch",
        "failed to fetch",
        "cannot fetch",
        "Cannot find Git revision",
        "program 'git' failed",
        "Failed to open",
        "getting status of '/",
        "requires offline",
    ];
    SIGNS.iter().any(|sign| message.contains(sign))
}
