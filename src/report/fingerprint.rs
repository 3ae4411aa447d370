//! What a finding is known by from run to run, for forges that tell new findings from old ones.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::finding::Finding;

/// A fingerprint for each finding, no two of them the same. Lines do not count, nor do numbers in the
/// message: what moved down with its file, or grew by one, is still the same finding.
pub(super) fn fingerprints(findings: &[Finding]) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let fingerprint = |finding: &Finding| {
        let file = finding.file.as_ref().map_or("", |file| file.as_str());
        let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
        let words =
            finding.message.split(' ').filter(|word| !is_number(word.trim_matches(['(', ')', ';', ','])));
        let known = [finding.code.as_str(), file, &words.collect::<Vec<_>>().join(" ")].join("\0");
        let again = seen.entry(known.clone()).or_default();
        *again += 1;
        let digest = Sha256::digest(format!("{known}\0{again}"));
        HEXLOWER.encode(digest.get(..16).unwrap_or_default())
    };
    findings.iter().map(fingerprint).collect()
}
