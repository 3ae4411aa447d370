//! The hash by which Nix locks a folder: that of its files in Nix's archive format.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use camino::Utf8Path;
use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

/// The `narHash` of a folder.
pub fn nar_hash(folder: &Utf8Path) -> io::Result<String> {
    let mut hasher = Hasher(Sha256::new());
    string(&mut hasher, b"nix-archive-1")?;
    node(&mut hasher, folder.as_std_path())?;
    Ok(format!("sha256-{}", BASE64.encode(&hasher.0.finalize())))
}

/// Hashes what is written.
struct Hasher(Sha256);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is still to be written.
enum Left {
    Node(PathBuf),
    Entry(PathBuf),
    End,
}

fn node(out: &mut impl Write, path: &Path) -> io::Result<()> {
    let mut left = vec![Left::Node(path.to_owned())];
    while let Some(next) = left.pop() {
        let path = match next {
            Left::End => {
                string(out, b")")?;
                continue;
            }
            Left::Entry(path) => {
                let name = path.file_name().unwrap_or_default().as_bytes();
                [b"entry".as_slice(), b"(", b"name", name, b"node"]
                    .iter()
                    .try_for_each(|text| string(out, text))?;
                left.push(Left::End);
                path
            }
            Left::Node(path) => path,
        };
        [b"(".as_slice(), b"type"].iter().try_for_each(|text| string(out, text))?;
        let metadata = path.symlink_metadata()?;
        if metadata.is_symlink() {
            let target = fs_err::read_link(&path)?;
            let texts = [b"symlink".as_slice(), b"target", target.as_os_str().as_bytes(), b")"];
            texts.iter().try_for_each(|text| string(out, text))?;
        } else if metadata.is_dir() {
            string(out, b"directory")?;
            let mut entries = Vec::new();
            for entry in fs_err::read_dir(&path)? {
                entries.push(entry?.path());
            }
            entries.sort();
            left.push(Left::End);
            left.extend(entries.into_iter().rev().map(Left::Entry));
        } else {
            string(out, b"regular")?;
            if metadata.permissions().mode() & 0o100 != 0 {
                [b"executable".as_slice(), b""].iter().try_for_each(|text| string(out, text))?;
            }
            string(out, b"contents")?;
            let length = metadata.len();
            out.write_all(&length.to_le_bytes())?;
            if io::copy(&mut fs_err::File::open(&path)?, out)? != length {
                return Err(io::Error::other(format!("{} changed while it was read", path.display())));
            }
            pad(out, length)?;
            string(out, b")")?;
        }
    }
    Ok(())
}

fn string(out: &mut impl Write, text: &[u8]) -> io::Result<()> {
    out.write_all(&(text.len() as u64).to_le_bytes())?;
    out.write_all(text)?;
    pad(out, text.len() as u64)
}

fn pad(out: &mut impl Write, length: u64) -> io::Result<()> {
    let missing = (8 - length % 8) % 8;
    (0..missing).try_for_each(|_| out.write_all(&[0]))
}
