//! What was probably meant by a name that is not there.

/// The name that is most like `wanted`, if one is like it at all.
pub fn closest<'a, N: AsRef<str> + 'a>(
    wanted: &str,
    names: impl IntoIterator<Item = &'a N>,
) -> Option<&'a N> {
    names
        .into_iter()
        // Names of very different length are not alike, and comparing costs time.
        .filter(|name| name.as_ref() != wanted && name.as_ref().len().abs_diff(wanted.len()) <= 4)
        .map(|name| (similar::TextDiff::from_chars(wanted, name.as_ref()).ratio(), name))
        .filter(|(ratio, _)| *ratio > 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// What to say where `wanted` is not there: the name that was probably meant, or all there are.
pub fn instead<'a, N: AsRef<str> + 'a>(wanted: &str, names: impl IntoIterator<Item = &'a N>) -> String {
    let names: Vec<&N> = names.into_iter().collect();
    match closest(wanted, names.iter().copied()) {
        Some(name) => format!("did you mean `{}`?", name.as_ref()),
        None if names.is_empty() => "it has none".to_owned(),
        None => {
            let names: Vec<&str> = names.into_iter().map(AsRef::as_ref).collect();
            format!("it has: {}", names.join(", "))
        }
    }
}
