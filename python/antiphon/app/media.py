"""The media engine as it is configured."""

from antiphon.media.config import MediaConfig
from antiphon.media.engine import Engine
from antiphon.protocols.sip.config import port_range

from . import listeners
from .config import Config
from .errors import StartError


def create_engine(config: Config) -> Engine:
    """An engine that is not started. Raises `StartError` where its ports cannot be had."""
    media = MediaConfig(
        workers=listeners.media_workers(config),
        udp_port=listeners.media_port(config),
        addresses=listeners.media_addresses(config),
        public_addresses=config.node.public_address,
        phone_ports=port_range(config.sip.rtp_ports),
        max_peers=config.webrtc.max_peers,
        estimate_bandwidth=config.webrtc.estimate_bandwidth,
    )
    try:
        return Engine(media)
    except (OSError, ValueError) as error:
        raise StartError(
            f"cannot open the UDP ports of media: {error}; they come from [webrtc] udp_port ="
            f" {config.webrtc.udp_port!r}, choose another one there or by"
            " ANTIPHON_WEBRTC_UDP_PORT"
        ) from None
