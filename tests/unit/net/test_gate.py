"""How many connections there may be."""

from antiphon.net.gate import Gate, network_of


def test_limits_in_all_and_for_each_address() -> None:
    gate = Gate(limit=3, limit_per_address=2)
    first, second = gate.admit("192.0.2.1"), gate.admit("192.0.2.1")
    assert first is not None
    assert second is not None
    assert gate.admit("192.0.2.1") is None
    assert gate.admit("192.0.2.2") is not None
    assert gate.admit("192.0.2.3") is None
    assert gate.refused == {"connections": 1, "connections_per_address": 1}
    assert gate.open == 3
    first.release()
    first.release()
    assert gate.open == 2
    assert gate.admit("192.0.2.3") is not None


def test_a_customer_of_ipv6_is_one() -> None:
    gate = Gate(limit=9, limit_per_address=1)
    assert gate.admit("2001:db8::1") is not None
    assert gate.admit("2001:db8::ffff") is None
    assert gate.admit("2001:db8:0:1::1") is not None


def test_networks() -> None:
    assert network_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("not an address") == "not an address"


def test_leases_have_names() -> None:
    gate = Gate(9, 9)
    names = {lease.id for lease in (gate.admit("192.0.2.1") for _ in range(3)) if lease}
    assert len(names) == 3


def test_a_released_lease_counts_nothing() -> None:
    gate = Gate(9, 9)
    lease = gate.admit("192.0.2.1")
    assert lease is not None
    lease.refuse("slow")
    lease.release()
    lease.refuse("slow")
    assert gate.refused == {"slow": 1}


def test_proxies_bring_many_people() -> None:
    gate = Gate(limit=4, limit_per_address=1, proxies=["192.0.2.0/24", "2001:db8::1"])
    assert gate.admit("198.51.100.1") is not None
    assert gate.admit("198.51.100.1") is None
    assert gate.admit("::ffff:192.0.2.9") is not None
    assert gate.admit("192.0.2.9") is not None
    assert gate.admit("2001:db8::1") is not None
    assert gate.admit("192.0.2.9") is None
    assert gate.refused == {"connections_per_address": 1, "connections": 1}
