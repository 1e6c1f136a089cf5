//! SIP messages, transactions, forking and digest authentication. No I/O, no clock.
