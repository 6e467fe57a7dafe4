//! TLS on a plugin's behalf: whom it trusts and who it says it is. The plugin sees neither
//! certificates nor keys.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use serde::Deserialize;

use super::error::{EgressError, EgressErrorKind};

/// A client certificate and its key, in PEM.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityFiles {
    /// The certificate, with those between it and its root behind it.
    pub cert: PathBuf,
    /// The private key, without a passphrase.
    pub key: PathBuf,
}

/// See the module's head.
#[derive(Debug, Default)]
pub(in crate::plugins) struct Tls {
    /// In place of what the system trusts.
    roots: Option<Arc<RootCertStore>>,
    identities: BTreeMap<String, Identity>,
}

#[derive(Debug)]
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Tls {
    /// Reads what an operator names; relative paths lie in `base`. The error names the file.
    pub(in crate::plugins) fn load(
        ca: Option<&Path>,
        identities: &BTreeMap<String, IdentityFiles>,
        base: &Path,
    ) -> Result<Self, String> {
        let roots = ca
            .map(|path| {
                let path = base.join(path);
                let mut roots = RootCertStore::empty();
                for certificate in certificates(&path)? {
                    roots
                        .add(certificate)
                        .map_err(|error| unusable(&path, "certificate", &error.to_string()))?;
                }
                Ok::<_, String>(Arc::new(roots))
            })
            .transpose()?;
        let identities = identities
            .iter()
            .map(|(name, files)| {
                let path = base.join(&files.key);
                let key = PrivateKeyDer::from_pem_file(&path)
                    .map_err(|error| unusable(&path, "private key", &error.to_string()))?;
                let chain = certificates(&base.join(&files.cert))?;
                Ok((name.clone(), Identity { chain, key }))
            })
            .collect::<Result<_, String>>()?;
        Ok(Self { roots, identities })
    }

    /// For one connection, with the client certificate of a name.
    pub(super) fn client_config(
        &self,
        identity: Option<&str>,
        alpn: &[String],
    ) -> Result<ClientConfig, EgressError> {
        let failed = |error: rustls::Error| {
            EgressError::new(EgressErrorKind::Tls, format!("TLS cannot be set up: {error}"))
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(failed)?;
        let builder = match &self.roots {
            Some(roots) => builder.with_root_certificates(Arc::clone(roots)),
            None => builder.with_platform_verifier().map_err(failed)?,
        };
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(name) => {
                let identity = self.identities.get(name).ok_or_else(|| {
                    let message = format!(
                        "there is no identity `{}`; add `identities: {{{}: {{cert: …, key: …}}}}` to the plugin's entry in env/plugins",
                        name.escape_default(),
                        name.escape_default()
                    );
                    EgressError::new(EgressErrorKind::Denied, message)
                })?;
                builder
                    .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
                    .map_err(failed)?
            }
        };
        config.alpn_protocols = alpn.iter().map(|name| name.clone().into_bytes()).collect();
        Ok(config)
    }

    /// Whether the operator said nothing of it.
    pub(super) fn is_default(&self) -> bool {
        self.roots.is_none() && self.identities.is_empty()
    }

    /// The only identity there is: what HTTP exchanges use, which cannot name one.
    pub(super) fn only_identity(&self) -> Option<&str> {
        match self.identities.len() {
            1 => self.identities.keys().next().map(String::as_str),
            _ => None,
        }
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unusable(path, "certificate", &error.to_string()))?;
    if certificates.is_empty() {
        return Err(unusable(path, "certificate", "it holds none in PEM"));
    }
    Ok(certificates)
}

fn unusable(path: &Path, what: &str, reason: &str) -> String {
    format!("the {what} `{}` cannot be used: {reason}", path.display())
}
