//! Resolves a granted host, once a connection, and lets through the addresses it may have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::{check_address, is_localhost};
use super::error::{EgressError, EgressErrorKind};
use super::origin::OriginPattern;
use crate::plugins::Grants;

/// Of one plugin and origin.
#[derive(Debug)]
pub(super) struct GrantedResolver {
    pub(super) grants: Arc<Grants>,
    /// The grants that the origin matches.
    pub(super) granted: Arc<[OriginPattern]>,
}

impl Resolve for GrantedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (grants, granted) = (Arc::clone(&self.grants), Arc::clone(&self.granted));
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let addresses = look_up(&name).await?;
            let allowed = granted_addresses(&name, addresses, &granted, &grants)?;
            let with_port = allowed.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(with_port) as Addrs)
        })
    }
}

pub(super) async fn look_up(name: &str) -> Result<Vec<IpAddr>, EgressError> {
    if is_localhost(name.strip_suffix('.').unwrap_or(name)) {
        return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let unresolved = |reason: String| {
        let message = format!("the name `{name}` does not resolve: {reason}");
        EgressError::new(EgressErrorKind::Unresolved, message)
    };
    let addresses: Vec<IpAddr> = tokio::net::lookup_host((name, 0))
        .await
        .map_err(|error| unresolved(error.to_string()))?
        .map(|address| address.ip())
        .collect();
    if addresses.is_empty() {
        Err(unresolved("it has no address".to_owned()))
    } else {
        Ok(addresses)
    }
}

/// Those of a host's addresses that its grants let through; the error says why none is.
pub(super) fn granted_addresses(
    host: &str,
    addresses: Vec<IpAddr>,
    granted: &[OriginPattern],
    grants: &Grants,
) -> Result<Vec<IpAddr>, EgressError> {
    let patterns: Vec<&OriginPattern> = granted.iter().collect();
    let mut refused = None;
    let mut allowed = Vec::new();
    for address in addresses {
        match check_address(address, &patterns, grants.addresses()) {
            Ok(()) => allowed.push(address),
            Err(reason) => refused = refused.or(Some((address, reason))),
        }
    }
    match refused {
        Some((address, reason)) if allowed.is_empty() => {
            let flag = grants.flag("addresses", &address.to_string());
            let is_literal = host == address.to_string();
            let what = if is_literal {
                format!("`{host}`")
            } else {
                format!("`{host}` is at {address}, which")
            };
            let message = format!("{what} is {reason}: not granted; add `{flag}`");
            Err(EgressError::new(EgressErrorKind::Denied, message))
        }
        _ => Ok(allowed),
    }
}
