//! Telephone audio: codecs, resampling, jitter buffer, mixing. No I/O, no clock.
