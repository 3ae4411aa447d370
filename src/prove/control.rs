//! The control: the state before with an edit that means nothing, made in the very places where the
//! state after differs. An output that changes with it embeds the flake's source.

use std::collections::BTreeSet;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

/// A file that nobody reads: neither Nix code nor data of any tool.
const MARK: &str = ".flakepart-control";

/// Makes the control of `before` and `after` in the empty folder `to`.
pub(super) fn control(before: &Utf8Path, after: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    let (was, is) = (files(before)?, files(after)?);
    for path in &was {
        copy(&before.join(path), &to.join(path))?;
    }
    for path in was.union(&is) {
        let same = was.contains(path)
            && is.contains(path)
            && content(&before.join(path))? == content(&after.join(path))?;
        if same {
            continue;
        }
        let text = matches!(path.extension(), Some("nix" | "lock"));
        if was.contains(path) && is.contains(path) && text && !to.join(path).is_symlink() {
            // White space at the end means nothing to Nix nor to JSON.
            let mut bytes = fs_err::read(to.join(path))?;
            bytes.push(b'\n');
            fs_err::write(to.join(path), bytes)?;
        } else {
            // In the folder where a file came or went, or the nearest that was there before.
            let folders = path.ancestors().skip(1);
            let folder = folders.map(|folder| to.join(folder)).find(|folder| folder.is_dir());
            fs_err::write(folder.unwrap_or_else(|| to.to_owned()).join(MARK), "")?;
        }
    }
    Ok(())
}

/// The bytes of a file, or where a link leads; it may lead nowhere.
fn content(path: &Utf8Path) -> io::Result<Vec<u8>> {
    match fs_err::read_link(path) {
        Ok(target) => Ok(target.into_os_string().into_encoded_bytes()),
        Err(_) => fs_err::read(path),
    }
}

/// Copies a file or a link, with the folders that it needs.
pub(super) fn copy(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs_err::create_dir_all(parent)?;
    }
    if from.is_symlink() {
        return fs_err::os::unix::fs::symlink(fs_err::read_link(from)?, to);
    }
    fs_err::copy(from, to).map(drop)
}

/// Every lock below a folder that is a file of its own.
pub(super) fn locks(root: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>> {
    let locks = files(root)?.into_iter().filter(|path| path.file_name() == Some("flake.lock"));
    Ok(locks.filter(|path| !root.join(path).is_symlink()).collect())
}

/// Every file below a folder.
pub(super) fn files(root: &Utf8Path) -> io::Result<BTreeSet<Utf8PathBuf>> {
    let mut files = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8()? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.into_path());
            } else if let Ok(path) = entry.path().strip_prefix(root) {
                files.insert(path.to_owned());
            }
        }
    }
    Ok(files)
}
