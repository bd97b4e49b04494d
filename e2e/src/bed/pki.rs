//! The certificates of a bed: one authority, a serving certificate for the API server and each
//! kubelet, a client certificate for everybody who talks to the API server.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType,
};

use crate::failure::{Context, Result};

/// The authority of one bed, and the folder of its files.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

/// For whom a certificate is.
pub struct Subject<'a> {
    /// The name of the files, without their ending.
    pub file: &'a str,
    /// The user.
    pub common_name: &'a str,
    /// The group.
    pub organization: Option<&'a str>,
    /// Names under which it is reached.
    pub names: &'a [&'a str],
    /// Addresses under which it is reached.
    pub addresses: &'a [Ipv4Addr],
}

impl Authority {
    /// Makes an authority and writes `ca.crt`, `ca.key` and the key pair of service accounts.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn create(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "barnabas test bed");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        fs::write(folder.join("ca.crt"), issuer.pem())?;
        fs::write(folder.join("ca.key"), issuer.key().serialize_pem())?;
        let accounts = KeyPair::generate()?;
        fs::write(folder.join("accounts.key"), accounts.serialize_pem())?;
        fs::write(folder.join("accounts.pub"), accounts.public_key_pem())?;
        Ok(Self { issuer, folder: folder.to_owned() })
    }

    /// Issues a certificate and writes `FILE.crt` and `FILE.key`.
    ///
    /// # Errors
    /// When a name is not one, or a file cannot be written.
    pub fn issue(&self, subject: &Subject<'_>) -> Result<()> {
        let names: Vec<String> = subject.names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).context(subject.file)?;
        for address in subject.addresses {
            params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(*address)));
        }
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, subject.common_name);
        if let Some(organization) = subject.organization {
            params.distinguished_name.push(DnType::OrganizationName, organization);
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        fs::write(self.folder.join(format!("{}.crt", subject.file)), certificate.pem())?;
        fs::write(self.folder.join(format!("{}.key", subject.file)), key.serialize_pem())?;
        Ok(())
    }

    /// Writes `FILE.kubeconfig` for the certificate `FILE`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn kubeconfig(&self, file: &str, server: &str) -> Result<PathBuf> {
        let path = self.folder.join(format!("{file}.kubeconfig"));
        let folder = self.folder.display();
        let content = format!(
            "apiVersion: v1
kind: Config
clusters:
- name: bed
  cluster: {{server: '{server}', certificate-authority: {folder}/ca.crt}}
users:
- name: {file}
  user: {{client-certificate: {folder}/{file}.crt, client-key: {folder}/{file}.key}}
contexts:
- name: bed
  context: {{cluster: bed, user: {file}}}
current-context: bed
"
        );
        fs::write(&path, content)?;
        Ok(path)
    }
}
