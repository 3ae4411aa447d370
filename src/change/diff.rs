//! The changes as a unified diff that `git apply` takes.

use similar::TextDiff;

use super::Changes;

impl Changes {
    /// The unified diff of all files, in the form of `git diff`.
    #[must_use]
    pub fn diff(&self) -> String {
        self.iter()
            .map(|(path, change)| {
                let side = |bytes: &Option<Vec<u8>>| {
                    String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned()
                };
                let (before, after) = (side(&change.before), side(&change.after));
                let (old, new) = (format!("a/{path}"), format!("b/{path}"));
                let mode = match (&change.before, &change.after) {
                    (None, _) => "new file mode 100644\n",
                    (_, None) => "deleted file mode 100644\n",
                    _ => "",
                };
                let header = |there: &Option<Vec<u8>>, name: String| {
                    if there.is_some() { name } else { "/dev/null".to_owned() }
                };
                let hunks = TextDiff::from_lines(&before, &after)
                    .unified_diff()
                    .context_radius(3)
                    .header(&header(&change.before, old.clone()), &header(&change.after, new.clone()))
                    .to_string();
                format!("diff --git {old} {new}\n{mode}{hunks}")
            })
            .collect()
    }
}
