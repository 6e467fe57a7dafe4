//! TLS on a plugin's behalf: whom it trusts and who it says it is. The plugin sees neither
//! certificates nor keys.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use serde::Deserialize;

use super::error::{EgressError, EgressErrorKind};
use super::origin::{Destination, Family, OriginPattern};

/// A client certificate and its key, in PEM.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityFiles {
    /// The certificate, with those between it and its root behind it.
    pub cert: PathBuf,
    /// The private key, without a passphrase.
    pub key: PathBuf,
    /// The origins that HTTP exchanges show it to: `https://hooks.example`,
    /// `https://*.example:*`. Unless they are said it is shown where the plugin has one
    /// identity and one origin.
    #[serde(default)]
    pub origins: Option<Vec<String>>,
}

/// See the module's head.
#[derive(Debug, Default)]
pub(in crate::plugins) struct Tls {
    /// In place of what the system trusts.
    roots: Option<Arc<RootCertStore>>,
    identities: BTreeMap<String, Identity>,
    /// What the plugin's log should have once.
    notice: Mutex<Option<String>>,
}

#[derive(Debug)]
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// Where HTTP shows it.
    origins: Vec<OriginPattern>,
}

impl Tls {
    /// Reads what an operator names; relative paths lie in `base`, and `https` is where
    /// the plugin may go. The error names the file or the origin.
    pub(in crate::plugins) fn load(
        ca: Option<&Path>,
        identities: &BTreeMap<String, IdentityFiles>,
        base: &Path,
        https: &[OriginPattern],
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
        let only = match https {
            [origin] if origin.is_one() && identities.len() == 1 => Some(origin),
            _ => None,
        };
        let notice = match only {
            Some(_) => None,
            None => unoffered(identities, https),
        };
        let identities: BTreeMap<String, Identity> = identities
            .iter()
            .map(|(name, files)| {
                let origins = match &files.origins {
                    Some(patterns) => origins(name, patterns)?,
                    None => only.cloned().into_iter().collect(),
                };
                let path = base.join(&files.key);
                let key = PrivateKeyDer::from_pem_file(&path)
                    .map_err(|error| unusable(&path, "private key", &error.to_string()))?;
                let chain = certificates(&base.join(&files.cert))?;
                Ok((name.clone(), Identity { chain, key, origins }))
            })
            .collect::<Result<_, String>>()?;
        check_that_one_is_meant(&identities)?;
        Ok(Self { roots, identities, notice: Mutex::new(notice) })
    }

    /// What the plugin's log should have, the first time it is asked for.
    pub(in crate::plugins) fn take_notice(&self) -> Option<String> {
        self.notice.lock().unwrap_or_else(PoisonError::into_inner).take()
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

    /// The identity for an HTTP exchange, which cannot name one.
    pub(super) fn identity_for(&self, destination: &Destination) -> Option<&str> {
        let is_meant = |identity: &Identity| {
            identity.origins.iter().any(|pattern| pattern.matches(destination))
        };
        let mut all = self.identities.iter();
        all.find(|(_, identity)| is_meant(identity)).map(|(name, _)| name.as_str())
    }
}

/// The origins of an identity.
fn origins(identity: &str, patterns: &[String]) -> Result<Vec<OriginPattern>, String> {
    patterns
        .iter()
        .map(|pattern| {
            let unreadable = |reason: &str| {
                format!(
                    "the origin `{pattern}` of the identity `{identity}` cannot be read: {reason}"
                )
            };
            let origin = OriginPattern::parse(pattern, Family::Http)
                .map_err(|error| unreadable(&error.to_string()))?;
            if !origin.is_https() {
                return Err(unreadable("a certificate is shown over `https://` alone"));
            }
            Ok(origin)
        })
        .collect()
}

/// No origin may be that of two identities.
fn check_that_one_is_meant(identities: &BTreeMap<String, Identity>) -> Result<(), String> {
    let all = || {
        identities
            .iter()
            .flat_map(|(name, identity)| identity.origins.iter().map(move |origin| (name, origin)))
    };
    for (name, origin) in all() {
        if let Some((other, also)) =
            all().find(|(other, also)| *other > name && also.overlaps(origin))
        {
            return Err(format!(
                "the identities `{name}` and `{other}` are both for some origin: `{origin}` and `{also}`; write each origin with one of them"
            ));
        }
    }
    Ok(())
}

/// Says of identities without origins that HTTP does not show them, and why.
fn unoffered(
    identities: &BTreeMap<String, IdentityFiles>,
    https: &[OriginPattern],
) -> Option<String> {
    let example = https.first()?;
    let named: Vec<&str> = identities
        .iter()
        .filter(|(_, files)| files.origins.is_none())
        .map(|(name, _)| name.as_str())
        .collect();
    let name = named.first()?;
    let why = if identities.len() > 1 {
        "there are several identities"
    } else {
        "the plugin may send to more than one origin"
    };
    let origins: Vec<String> = https.iter().map(|origin| format!("`{origin}`")).collect();
    Some(format!(
        "HTTP exchanges show no certificate of `{}`, since {why} ({}); write where each belongs: `identities: {{{name}: {{origins: [\"{example}\"], cert: …, key: …}}}}`, or `origins: []` for nowhere",
        named.join("`, `"),
        origins.join(", ")
    ))
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
