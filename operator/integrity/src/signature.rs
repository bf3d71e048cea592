//! Signatures of digests and the public keys they verify under (`cloudtrail.md` 4.3).
//!
//! Pure. RSASSA-PKCS1-v1_5 with SHA-256; keys of 2048 bits or more, as PKCS#1 or as SubjectPublicKeyInfo, since the
//! guide warns that the encoding may change and prints one key of the second kind.

use std::collections::BTreeMap;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use md5::{Digest as _, Md5};

use crate::content::Hash;
use crate::digest::Digest;
use crate::source::ListedKey;

/// The only signature algorithm CloudTrail names.
pub const ALGORITHM: &str = "SHA256withRSA";

/// Name of a key: MD5 of its DER, in hexadecimal digits. Measured on all four keys that AWS prints.
pub fn fingerprint(der: &[u8]) -> String {
    hex::encode(Md5::digest(der))
}

/// The text CloudTrail signs for a digest whose inflated bytes have that hash.
pub fn string_to_sign(digest: &Digest, sha256: &Hash) -> String {
    format!(
        "{}\n{}/{}\n{}\n{}",
        digest.end_text,
        digest.object.bucket,
        digest.object.key,
        hex::encode(sha256),
        digest.previous_signature.as_deref().unwrap_or("null"),
    )
}

/// A public key of CloudTrail.
#[derive(Debug)]
pub struct PublicKey(ParsedPublicKey);

impl PublicKey {
    /// Reads a key in either encoding; `None` when it is not an RSA key of 2048 bits or more.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).ok().map(Self)
    }

    /// Whether `signature` over `text` is this key's.
    pub fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        self.0.verify_sig(text.as_bytes(), signature).is_ok()
    }
}

/// The public keys of one Region, by fingerprint. A key that cannot be read is kept as such.
#[derive(Debug, Default)]
pub struct KeyRing(BTreeMap<String, Option<PublicKey>>);

/// What a ring knows of a fingerprint.
#[derive(Debug)]
pub enum Known<'a> {
    /// The key.
    Key(&'a PublicKey),
    /// It is there, and cannot be used.
    Unusable,
    /// It is not there.
    Absent,
}

impl KeyRing {
    /// A ring of listed keys.
    pub fn new(keys: impl IntoIterator<Item = ListedKey>) -> Self {
        Self(keys.into_iter().map(|key| (key.fingerprint, PublicKey::from_der(&key.value))).collect())
    }

    /// Whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is known of that fingerprint.
    pub fn get(&self, fingerprint: &str) -> Known<'_> {
        match self.0.get(fingerprint) {
            Some(Some(key)) => Known::Key(key),
            Some(None) => Known::Unusable,
            None => Known::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{Digest as LcDigest, SHA256};
    use base64::Engine as _;
    use proptest::prelude::*;

    use super::*;
    use crate::names::Object;

    // cloudtrail.md 4.6: printed by the CloudTrail user guide; SubjectPublicKeyInfo.
    const KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqlzPJbvZJ42UdcmLfPUqXYNfOs6I8lCfao/tOs8CmzPOEdtLWugB9xoIUz78qVHdKIqxbaG4jWHfJBiOSSFBM0lt8cdVo4TnRa7oG9io5pysS6DJhBBAeXsicufsiFJR+wrUNh8RSLxL4k6G1+BhLX20tJkZ/erT97tDGBujAelqseGg3vPZbTx9SMfOLN65PdLFudLP7Gat0Z9p5jw/rjpclKfo9Bfc3heeBxWGKwBBOKnFAaN9V57pOaosCvPKmHd9bg7jsQkI9Xp22IzGLsTFJZYVA3KiTAElDMu80iFXPHEq9hKNbt9e4URFam+1utKVEiLkR2disdCmPTK0VQIDAQAB";
    const SIGNATURES: [(&str, &str); 2] = [
        (
            "50887ccffad4c002b97caa37cc9dc626e3c680207d41d27fa5835458e066e0d3652fc4dfc30937e4d5f4cc7f796e7a258fb50a43ac427f2237f6e505d4efaf373d156e15e3b68dea9f58111d395b62628d6bd367a9024d2183b5c5f6e19466d3a996b92df705bc997b8a0e13430f241d733cf95df4e41bb6c304c3f58363043572ea57a27085639ce187e679c0d81c7519b1184fa77fb7ab0b0e40a32dace6e1eefc3995c5ae182da49b62b26398cebb52a2201a6387b75b89c83e5570bcb9bba6c34a80f2f00a1c6ebe07d1ff149eccd812dc805bb3eeff6657db32a6cb48d2d096404eb76181877bc6ebb8cd0b23f823200155b2fd8848d428e46e8456328a",
            "4cdaa85fddf1a1a032e5fca5d16d104d1b03f2b31641eff267d877264a44c570",
        ),
        (
            "82705525fb0fe7f919f9434e5b7138cb41793c776c7414f3520c0242902daa8cc8286b29263d2627f2f259471c745b1654af76e2073264b2510fd45236b3aea4d80c0e8e6455223d7bd54ff80af0edf22a5f14fa856626daec919f0591479aa4f213787ba1e1076328dcf8ff624e03a977fa5612dcf58594c590fd8c1c5b48bddf43fc84ecc00b41bedd0ff7f293c3e2de8dcdc78f98b03e17577f5822ba842399d69eb79921c0429773509520e08c8b518702d987dfbb3a4e5d8c5f17673ce1f989dfff82d4becf24e452f20d3bcac94ad50131f93e57f10155536acb54c60efbe9d57228c2b930bc6082b2318e3ccd36834a8e835b8d112dbf32145f445c11",
            "eb6fb72c4f3302de4b4a4693658e3a7bf1d464330eb80399500fe11bf1b7ab00",
        ),
    ];

    fn der() -> Vec<u8> {
        base64::engine::general_purpose::STANDARD.decode(KEY).unwrap()
    }

    fn verifies_hash(key: &PublicKey, hash: &str, signature: &[u8]) -> bool {
        let hash = LcDigest::import_less_safe(&hex::decode(hash).unwrap(), &SHA256).unwrap();
        key.0.verify_digest_sig(&hash, signature).is_ok()
    }

    #[test]
    fn published_signatures_verify_under_the_published_key_in_both_encodings() {
        // The PKCS#1 key is the content of the BIT STRING that ends the SubjectPublicKeyInfo.
        for der in [der(), der()[24..].to_vec()] {
            let key = PublicKey::from_der(&der).unwrap();
            for (signature, hash) in SIGNATURES {
                let signature = hex::decode(signature).unwrap();
                assert!(verifies_hash(&key, hash, &signature));
                for bit in [0, 1000, 2047] {
                    let mut changed = signature.clone();
                    changed[bit / 8] ^= 1 << (bit % 8);
                    assert!(!verifies_hash(&key, hash, &changed));
                }
            }
        }
    }

    #[test]
    fn the_fingerprint_is_the_one_aws_prints() {
        assert_eq!(fingerprint(&der()), "31e8b5433410dfb61a9dc45cc65b22ff");
    }

    #[test]
    fn the_text_that_is_signed() {
        // The vector of awscli's own unit test (cloudtrail.md 4.6).
        let mut digest = Digest {
            account: None,
            start: jiff::Timestamp::UNIX_EPOCH,
            end: jiff::Timestamp::UNIX_EPOCH,
            end_text: "a".to_owned(),
            object: Object { bucket: "b".to_owned(), key: "c".to_owned() },
            fingerprint: String::new(),
            signature_algorithm: None,
            previous: None,
            previous_signature: None,
            log_files: Vec::new(),
        };
        let hash = crate::content::sha256(b"abc");
        let text = "a\nb/c\nba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n";
        assert_eq!(string_to_sign(&digest, &hash), format!("{text}null"));
        digest.previous_signature = Some("0aFF".to_owned());
        assert_eq!(string_to_sign(&digest, &hash), format!("{text}0aFF"));
    }

    #[test]
    fn what_is_no_key_is_kept_as_unusable() {
        let ring = KeyRing::new([
            ListedKey { fingerprint: "bad".to_owned(), value: b"a\n".to_vec() },
            ListedKey { fingerprint: "good".to_owned(), value: der() },
        ]);
        assert!(matches!(ring.get("bad"), Known::Unusable));
        assert!(matches!(ring.get("good"), Known::Key(_)));
        assert!(matches!(ring.get("none"), Known::Absent));
    }

    proptest! {
        #[test]
        fn changed_keys_never_panic(at in any::<usize>(), to in any::<u8>(), length in 0_usize..294) {
            let mut der = der();
            let at = at % der.len();
            der[at] = to;
            der.truncate(length);
            let _ = PublicKey::from_der(&der);
        }
    }
}
