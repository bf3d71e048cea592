//! The throw-away keys of a control plane.
//!
//! Knows: certificates. Must not know: who uses them.

use std::fs::File;
use std::io::Read as _;

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::cache;

/// All of it as PEM.
pub(crate) struct Pki {
    /// What clients trust.
    pub(crate) ca: String,
    /// The API server's certificate for 127.0.0.1.
    pub(crate) certificate: String,
    /// Its key.
    pub(crate) key: String,
    /// The key that signs service account tokens.
    pub(crate) service_account_key: String,
    /// Its public half.
    pub(crate) service_account_public_key: String,
}

/// Makes all anew: nothing here is worth stealing once the control plane is gone.
pub(crate) fn generate() -> Result<Pki> {
    let ca_key = KeyPair::generate()?;
    let mut ca = CertificateParams::default();
    ca.distinguished_name.push(DnType::CommonName, "trail-operator test bed");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca_certificate = ca.self_signed(&ca_key)?;
    let issuer = Issuer::new(ca, ca_key);

    let key = KeyPair::generate()?;
    let names = ["127.0.0.1", "10.0.0.1", "localhost", "kubernetes.default.svc"].map(String::from);
    let mut serving = CertificateParams::new(names)?;
    serving.distinguished_name.push(DnType::CommonName, "kube-apiserver");
    serving.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = serving.signed_by(&key, &issuer)?;

    let service_account = KeyPair::generate()?;
    Ok(Pki {
        ca: ca_certificate.pem(),
        certificate: certificate.pem(),
        key: key.serialize_pem(),
        service_account_key: service_account.serialize_pem(),
        service_account_public_key: service_account.public_key_pem(),
    })
}

/// A token nobody can guess.
pub(crate) fn token() -> Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(cache::key(&[&bytes]))
}
