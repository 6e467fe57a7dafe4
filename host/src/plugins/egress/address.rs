//! Which addresses a granted host may resolve to.
//!
//! A name is granted; what it resolves to is someone else's word. Addresses that reach
//! into this machine, its link or a cloud's metadata service are refused unless they are
//! named, and private networks unless the host is. Public is what IANA's registries of
//! special-purpose addresses leave, and of IPv6 only what lies in `2000::/3`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use super::origin::{HostPattern, OriginHost, OriginPattern};

/// What an address leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AddressClass {
    Public,
    /// A private network: allowed for a host that the grant names.
    Private,
    /// This machine: allowed for a grant of `localhost` or of the address.
    Loopback,
    /// Allowed only where the address itself is named.
    Refused,
}

/// Whether a host that `granted` patterns match may be reached at `address`; the error
/// says what kind of address it is.
pub(super) fn check_address(
    address: IpAddr,
    granted: &[&OriginPattern],
    named: &[IpAddr],
) -> Result<(), &'static str> {
    let inner = unwrapped(address);
    let is_this = |other: IpAddr| unwrapped(other) == inner;
    if named.iter().copied().any(is_this) {
        return Ok(());
    }
    let hosts = || {
        granted.iter().filter_map(|pattern| match pattern {
            OriginPattern::Origin { host, .. } => Some(host),
            OriginPattern::Socket(_) => None,
        })
    };
    if hosts()
        .any(|host| matches!(host, HostPattern::Is(OriginHost::Address(other)) if is_this(*other)))
    {
        return Ok(());
    }
    match classify(inner) {
        AddressClass::Public if hosts().all(|host| *host == HostPattern::Any) && is_own(inner) => {
            Err("an address of this machine, which `*` does not grant")
        }
        AddressClass::Public => Ok(()),
        AddressClass::Private if hosts().any(|host| *host != HostPattern::Any) => Ok(()),
        AddressClass::Private => Err("in a private network, which `*` does not grant"),
        AddressClass::Loopback if hosts().any(names_loopback) => Ok(()),
        AddressClass::Loopback => Err("this machine itself"),
        AddressClass::Refused => Err("link-local, a metadata service or otherwise special"),
    }
}

/// Whether this machine has an address: only such a one can be bound to.
fn is_own(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

/// Whether a name means this machine and is never looked up.
pub(super) fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

fn names_loopback(host: &HostPattern) -> bool {
    match host {
        HostPattern::Any => false,
        HostPattern::Below(name) | HostPattern::Is(OriginHost::Name(name)) => is_localhost(name),
        HostPattern::Is(OriginHost::Address(address)) => {
            classify(unwrapped(*address)) == AddressClass::Loopback
        }
    }
}

/// The IPv4 address inside an IPv6 one, where it is only a way to write or reach it:
/// IPv4-mapped, IPv4-compatible, IPv4-translated, NAT64 and 6to4. Teredo and NAT64 with a
/// prefix of the network's own hide theirs in other places, and are refused as a whole.
fn unwrapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(address) = address else { return address };
    if address.is_unspecified() || address.is_loopback() {
        return IpAddr::V6(address);
    }
    let segments = address.segments();
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, _, _, _, _, _] => v4(high, low),
        _ => IpAddr::V6(address),
    }
}

fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => classify_v6(address),
    }
}

fn classify_v4(address: Ipv4Addr) -> AddressClass {
    match address.octets() {
        [127, ..] => AddressClass::Loopback,
        // Not the network, multicast, reserved, broadcast; the link; what protocols use;
        // documentation; relays of 6to4.
        [0 | 224..=255, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [192, 88, 99, _]
        // Alibaba's and Azure's metadata and host agent.
        | [100, 100, 100, 200]
        | [168, 63, 129, 16] => AddressClass::Refused,
        [10, ..]
        | [172, 16..=31, ..]
        | [192, 168, ..]
        | [100, 64..=127, ..]
        | [198, 18..=19, ..] => AddressClass::Private,
        _ => AddressClass::Public,
    }
}

fn classify_v6(address: Ipv6Addr) -> AddressClass {
    /// Of Amazon, Google and Scaleway.
    const CLOUD_METADATA: [Ipv6Addr; 3] = [
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
        Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
        Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
    ];
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressClass::Loopback,
        _ if CLOUD_METADATA.contains(&address) => AddressClass::Refused,
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => AddressClass::Private,
        // What protocols use, Teredo among it; documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressClass::Refused,
        [0x2000..=0x3fff, ..] => AddressClass::Public,
        _ => AddressClass::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::super::origin::Family;
    use super::*;

    fn checked(address: &str, grant: &str, named: &[&str]) -> bool {
        let grant = OriginPattern::parse(grant, Family::Http).unwrap();
        let named: Vec<IpAddr> = named.iter().map(|address| address.parse().unwrap()).collect();
        check_address(address.parse().unwrap(), &[&grant], &named).is_ok()
    }

    #[test]
    fn special_addresses_are_refused_however_they_are_written() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.1.2.3",
            "169.254.169.254",
            "169.254.1.1",
            "100.100.100.200",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "64:ff9b:1::7f00:1",
            "168.63.129.16",
            "192.0.0.192",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "192.88.99.1",
            "::ffff:0:127.0.0.1",
            "::ffff:0:a9fe:a9fe",
            "64:ff9b:1:a9fe:a9:fe00::",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:db8::1",
            "2001:2::1",
            "3fff::1",
            "100::1",
            "100:0:0:1::1",
            "5f00::1",
            "4000::1",
            "fd20:ce::254",
            "fd00:42::42",
        ] {
            assert!(!checked(address, "https://*", &[]), "{address}");
            assert!(!checked(address, "https://h.example", &[]), "{address}");
            assert!(checked(address, "https://h.example", &[address]), "{address}");
        }
    }

    #[test]
    fn private_networks_need_a_host_that_is_named() {
        for address in
            ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12::1", "::ffff:10.0.0.1"]
        {
            assert!(!checked(address, "https://*", &[]), "{address}");
            assert!(checked(address, "https://h.example", &[]), "{address}");
            assert!(checked(address, "https://*.example", &[]), "{address}");
        }
        for address in ["93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:2800::1"] {
            assert!(checked(address, "https://*", &[]), "{address}");
        }
    }

    #[test]
    fn an_address_of_this_machine_needs_a_host_that_is_named() {
        let own = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
            // Sends nothing: it only asks which way a packet would go.
            socket.connect("192.0.2.1:9")?;
            socket.local_addr()
        });
        // Without a network there is no such address.
        let Ok(own) = own else { return };
        let own = own.ip().to_string();
        assert!(!checked(&own, "https://*", &[]), "{own}");
        assert!(is_own(own.parse().unwrap()) && !is_own("93.184.216.34".parse().unwrap()));
    }

    #[test]
    fn loopback_belongs_to_grants_that_say_it() {
        for (grant, address, expected) in [
            ("http://localhost", "127.0.0.1", true),
            ("http://localhost", "::1", true),
            ("http://x.localhost", "127.0.0.1", true),
            ("http://*.localhost", "127.0.0.1", true),
            ("http://127.0.0.1", "127.0.0.1", true),
            ("http://[::1]", "::1", true),
            ("http://mylocalhost", "127.0.0.1", false),
            ("http://169.254.169.254", "169.254.169.254", true),
            ("http://localhost", "169.254.169.254", false),
        ] {
            assert_eq!(checked(address, grant, &[]), expected, "{grant} {address}");
        }
        assert!(checked("127.0.1.1", "http://this.machine", &["127.0.1.1"]));
        assert!(!checked("127.0.0.1", "http://this.machine", &["127.0.1.1"]));
    }
}
