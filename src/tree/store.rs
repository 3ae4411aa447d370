//! Sources that lie in the local Nix store already: what an input is locked to can be read there, offline
//! and without Nix.

use camino::{Utf8Path, Utf8PathBuf};
use data_encoding::{BASE64, BitOrder, Encoding, HEXLOWER, Specification};
use sha2::{Digest as _, Sha256};

use super::MAX_BYTES;

/// A file of the source that has this content hash, if the store has that source.
#[must_use]
pub fn read_source(nar_hash: &str, path: &Utf8Path) -> Option<Vec<u8>> {
    let store = std::env::var("NIX_STORE_DIR").map_or_else(|_| "/nix/store".into(), Utf8PathBuf::from);
    let source = store.join(source_name(&store, nar_hash)?);
    tracing::debug!(file = ?source.join(path), there = source.exists(), "look for an input's code");
    let file = source.join(path).canonicalize_utf8().ok()?;
    // A link may lead out of it.
    let inside = file.starts_with(source.canonicalize_utf8().ok()?) && file.is_file();
    let size = std::fs::metadata(&file).ok()?.len();
    (inside && size <= MAX_BYTES).then(|| std::fs::read(file).ok())?
}

/// The name in the store of a source that a fetcher put there (Nix: `Store::makeFixedOutputPath`,
/// `compressHash`).
#[must_use]
pub fn source_name(store: &Utf8Path, nar_hash: &str) -> Option<String> {
    let digest = BASE64.decode(nar_hash.strip_prefix("sha256-")?.as_bytes()).ok()?;
    if digest.len() != Sha256::output_size() {
        return None;
    }
    let described = format!("source:sha256:{}:{store}:source", HEXLOWER.encode(&digest));
    let mut folded = [0_u8; 20];
    for (byte, at) in Sha256::digest(described).iter().zip((0..folded.len()).cycle()) {
        folded[at] ^= byte;
    }
    let name: String = base32()?.encode(&folded).chars().rev().collect();
    Some(format!("{name}-source"))
}

/// Nix's base 32, which it writes backwards.
fn base32() -> Option<Encoding> {
    let mut specification = Specification::new();
    specification.symbols.push_str("0123456789abcdfghijklmnpqrsvwxyz");
    specification.bit_order = BitOrder::LeastSignificantFirst;
    specification.encoding().ok()
}
