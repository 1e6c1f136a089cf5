//! What a room counts; sums since it was taken last.

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of things that happened; one field a name in `counters()`.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counts { $($(#[$doc])* pub $name: u64,)* }

        impl Counts {
            /// The names, in the order of [`Counts::values`].
            pub const NAMES: &[&str] = &[$(stringify!($name),)*];

            /// The values, in the order of [`Counts::NAMES`].
            pub fn values(&self) -> [u64; Counts::NAMES.len()] {
                [$(self.$name,)*]
            }
        }
    };
}

counts! {
    /// RTP packets that were written to a sending section.
    forwarded,
    /// RTP packets of sections that no track names.
    unpublished,
    /// RTP packets dropped because their track is paused.
    paused,
    /// RTP packets not sent to a sink that has not negotiated their codec.
    codec_missing,
    /// RTP packets dropped while a sink waits for a keyframe.
    keyframe_waiting,
    /// RTP packets that came from before the switch of a section to their track.
    outdated,
    /// RTP packets with a payload too large to forward.
    oversized,
    /// Keyframes asked of sources.
    keyframes_requested,
    /// NACKs that sinks sent.
    nacks,
    /// NACKs sent to sources.
    nacks_sent,
    /// Packets sent again.
    retransmitted,
    /// Datagrams that the session layer refused.
    datagrams_malformed,
    /// Commands that name an id the room does not know.
    unknown_ids,
    /// Descriptions or candidates refused.
    negotiations_failed,
    /// Data channel messages received.
    messages_in,
    /// Data channel messages sent.
    messages_out,
    /// Data channel messages dropped: too long, too many, or too much waiting.
    messages_dropped,
    /// `AudioReceived` events dropped because too many of that endpoint wait.
    audio_dropped,
    /// Audio packets that could not be decoded or encoded.
    audio_broken,
    /// Keys not passed on to a telephone: it takes none, or too many wait.
    keys_dropped,
    /// RTP packets made of packets of another codec.
    converted,
    /// Frames of 20 ms in mixes that were made up for packets which did not come in time.
    mix_concealed,
    /// RTP packets made of a mix, counted for each telephone that they were sent to.
    mixed,
    /// Datagrams at a telephone's port that are not from the telephone, as far as can be told.
    phone_strangers,
    /// Packets at a telephone's port not made with its keys, or replayed.
    phone_forged,
}
