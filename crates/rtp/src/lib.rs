//! RTP sessions of telephones: SRTP, RTCP, DTLS, connectivity checks. No I/O, no clock.
