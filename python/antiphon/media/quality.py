"""From measured figures to five bars that people understand."""

from antiphon import _native
from antiphon.core.media import Quality

# (bars, largest loss as a fraction, longest round trip in ms) that still deserve them. Below 2 %
# loss is repaired by
# retransmission without being noticed; ITU-T G.114 §4 calls 150 ms one way (300 ms both) good for
# conversation.
BARS = ((4, 0.02, 300.0), (3, 0.05, 500.0), (2, 0.12, 800.0))


def quality_of(
    *,
    connected: bool,
    round_trip: float | None,
    loss_in: float,
    loss_out: float,
    available_bitrate: int | None,
) -> Quality:
    """Bars for one member's media; the worse direction counts."""
    return Quality(
        level=_level(max(loss_in, loss_out), round_trip or 0.0) if connected else 0,
        round_trip=round_trip,
        loss_in=loss_in,
        loss_out=loss_out,
        available_bitrate=available_bitrate,
    )


def quality_of_row(row: _native.PeerStatistics, *, connected: bool) -> Quality:
    """Of the engine's figures."""
    return quality_of(
        connected=connected,
        round_trip=row.round_trip,
        loss_in=row.loss_in,
        loss_out=row.loss_out,
        available_bitrate=row.available_bitrate,
    )


def _level(loss: float, round_trip: float) -> int:
    for bars, most_loss, longest in BARS:
        if loss <= most_loss and round_trip <= longest:
            return bars
    return 1
