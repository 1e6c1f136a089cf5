"""Configuration of the media threads."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaConfig:
    """What the media engine needs to know, collected by `app` from `[node]` and `[webrtc]`."""

    workers: int = 1
    udp_port: int = 7882
    addresses: tuple[str, ...] = ("127.0.0.1",)
    public_addresses: tuple[str, ...] = ()
    max_peers: int = 4096
    estimate_bandwidth: bool = True
    phone_ports: tuple[int, int] = (0, 0)  # of telephones, both included; (0, 0): any free ones
