"""The machine's own IP addresses, as far as others can reach them."""

import ipaddress

import ifaddr


def lan_addresses() -> tuple[str, ...]:
    """Addresses of this machine that are neither loopback nor of one link only, IPv4 first."""
    found: dict[str, None] = {}
    for adapter in ifaddr.get_adapters():
        for entry in adapter.ips:
            text = entry.ip if isinstance(entry.ip, str) else entry.ip[0]
            address = ipaddress.ip_address(text.partition("%")[0])
            if not (address.is_loopback or address.is_link_local or address.is_unspecified):
                found[str(address)] = None
    return tuple(sorted(found, key=lambda text: (":" in text, text)))
