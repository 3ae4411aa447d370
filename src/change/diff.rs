//! The changes as a unified diff that `git apply` takes.

use std::collections::BTreeSet;

use camino::Utf8Path;
use similar::TextDiff;

use super::Changes;

impl Changes {
    /// The unified diff of all files, in the form of `git diff`; some of those that are there are
    /// `executable`.
    #[must_use]
    pub fn diff(&self, executable: &BTreeSet<&Utf8Path>) -> String {
        let moved: Vec<&Utf8Path> = self.iter().filter_map(|(_, it)| it.moved_from.as_deref()).collect();
        self.iter()
            .filter(|(path, _)| !moved.contains(path))
            .map(|(path, change)| {
                let old = change.moved_from.as_deref().unwrap_or(path);
                let before = match &change.moved_from {
                    Some(from) => self.files.get(from).and_then(|gone| gone.before.as_ref()),
                    None => change.before.as_ref(),
                };
                let header = match (before, &change.after) {
                    _ if old != path => format!("rename from {old}\nrename to {path}\n"),
                    (None, _) => "new file mode 100644\n".to_owned(),
                    (_, None) if executable.contains(path) => "deleted file mode 100755\n".to_owned(),
                    (_, None) => "deleted file mode 100644\n".to_owned(),
                    _ => String::new(),
                };
                let (old, new) = (format!("a/{old}"), format!("b/{path}"));
                let side = |bytes: Option<&Vec<u8>>, name: &str| match bytes {
                    Some(bytes) => (String::from_utf8_lossy(bytes).into_owned(), name.to_owned()),
                    None => (String::new(), "/dev/null".to_owned()),
                };
                let (before, after) = (side(before, &old), side(change.after.as_ref(), &new));
                let hunks = TextDiff::from_lines(&before.0, &after.0)
                    .unified_diff()
                    .context_radius(3)
                    .header(&before.1, &after.1)
                    .to_string();
                format!("diff --git {old} {new}\n{header}{hunks}")
            })
            .collect()
    }
}
