//! Who speaks: loudness of audio tracks from the level each packet carries (RFC 6464), and the one
//! who dominates. It knows ids, levels and time only.

use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use crate::room::Id;

/// Least time between two decisions.
const DECISION: Duration = Duration::from_millis(200);
/// Below this level (of 127) somebody is silent: about −55 dBov.
const SILENCE: f32 = 72.0;
/// Time constants of the level that is shown and of the one that decides.
const SHOWN: f32 = 0.10;
const JUDGED: f32 = 0.50;
/// Another must be louder by this, for this long, to take over from somebody who still speaks.
const MARGIN: f32 = 5.0;
const PATIENCE: Duration = Duration::from_millis(600);
/// Nobody speaks when all were silent for this long.
const QUIET: Duration = Duration::from_secs(3);
/// A level that changed by less is not told again.
const TOLD_STEP: u8 = 5;
/// A track without packets for this long (a muted microphone) is silent.
const STALE: Duration = Duration::from_millis(400);

/// What changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The new dominant speaker; `Some(None)` when everybody fell silent.
    pub speaker: Option<Option<Id>>,
    /// Loudness of those who speak, where it changed.
    pub levels: Option<Vec<(Id, u8)>>,
}

#[derive(Clone, Copy)]
struct Voice {
    shown: f32,
    judged: f32,
    heard: Instant,
    told: u8,
}

/// The voices of one room.
#[derive(Default)]
pub struct Speakers {
    voices: FxHashMap<Id, Voice>,
    dominant: Option<Id>,
    challenger: Option<(Id, Instant)>,
    spoken: Option<Instant>,
    decided: Option<Instant>,
}

impl Speakers {
    /// A packet of `track` said this level: 0 (silent) … 127 (loudest).
    pub fn heard(&mut self, track: Id, level: u8, now: Instant) {
        let level = f32::from(level.min(127));
        let new = Voice { shown: 0.0, judged: 0.0, heard: now, told: 0 };
        let voice = self.voices.entry(track).or_insert(new);
        let passed = now.saturating_duration_since(voice.heard).as_secs_f32().clamp(0.02, 0.5);
        voice.shown += (level - voice.shown) * (1.0 - (-passed / SHOWN).exp());
        voice.judged += (level - voice.judged) * (1.0 - (-passed / JUDGED).exp());
        voice.heard = now;
    }

    /// The track is gone or muted.
    pub fn forget(&mut self, track: Id) {
        self.voices.remove(&track);
        if self.challenger.is_some_and(|(challenger, _)| challenger == track) {
            self.challenger = None;
        }
    }

    /// Whether there is anything to decide about.
    pub fn is_idle(&self) -> bool {
        self.voices.is_empty() && self.dominant.is_none()
    }

    /// Decides, at most every 200 ms.
    pub fn decide(&mut self, now: Instant) -> Decision {
        if self.decided.is_some_and(|at| now.saturating_duration_since(at) < DECISION) {
            return Decision::default();
        }
        self.decided = Some(now);
        for voice in self.voices.values_mut() {
            if now.saturating_duration_since(voice.heard) > STALE {
                voice.shown = 0.0;
                voice.judged = 0.0;
            }
        }
        Decision { speaker: self.dominance(now), levels: self.levels() }
    }

    fn dominance(&mut self, now: Instant) -> Option<Option<Id>> {
        let judged = |id: Id| self.voices.get(&id).map_or(0.0, |voice| voice.judged);
        let loudest = self
            .voices
            .iter()
            .filter(|(_, voice)| voice.judged > SILENCE)
            .max_by(|a, b| a.1.judged.total_cmp(&b.1.judged).then(b.0.cmp(a.0)))
            .map(|(&id, _)| id);
        let Some(loudest) = loudest else {
            self.challenger = None;
            let quiet = self.spoken.is_none_or(|at| now.saturating_duration_since(at) >= QUIET);
            return (quiet && self.dominant.take().is_some()).then_some(None);
        };
        self.spoken = Some(now);
        let current = self.dominant.filter(|&id| judged(id) > SILENCE);
        if self.dominant == Some(loudest) {
            self.challenger = None;
            return None;
        }
        let takes_over = match current {
            // Whoever spoke last has stopped: no reason to wait.
            None => true,
            Some(current) if judged(loudest) > judged(current) + MARGIN => {
                let since = match self.challenger {
                    Some((id, since)) if id == loudest => since,
                    _ => now,
                };
                self.challenger = Some((loudest, since));
                now.saturating_duration_since(since) >= PATIENCE
            }
            Some(_) => {
                self.challenger = None;
                false
            }
        };
        if takes_over {
            self.challenger = None;
            self.dominant = Some(loudest);
            return Some(Some(loudest));
        }
        None
    }

    fn levels(&mut self) -> Option<Vec<(Id, u8)>> {
        let audible =
            |voice: &Voice| if voice.shown > SILENCE { voice.shown.round() as u8 } else { 0 };
        let changed = self.voices.values().any(|voice| {
            let level = audible(voice);
            level.abs_diff(voice.told) >= TOLD_STEP || (level == 0) != (voice.told == 0)
        });
        if !changed {
            return None;
        }
        let mut levels = Vec::new();
        for (&id, voice) in &mut self.voices {
            let level = audible(voice);
            if level > 0 || voice.told > 0 {
                levels.push((id, level));
            }
            voice.told = level;
        }
        levels.sort_unstable();
        Some(levels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PACKET: Duration = Duration::from_millis(20);

    /// Lets voices sound for `ms`; returns the changes of speaker.
    fn sound(
        speakers: &mut Speakers,
        now: &mut Instant,
        ms: u64,
        voices: &[(Id, u8)],
    ) -> Vec<Option<Id>> {
        let mut changes = Vec::new();
        for _ in 0..ms / 20 {
            *now += PACKET;
            for &(id, level) in voices {
                speakers.heard(id, level, *now);
            }
            changes.extend(speakers.decide(*now).speaker);
        }
        changes
    }

    #[test]
    fn the_louder_one_takes_over_only_if_it_lasts() {
        let (mut speakers, mut now) = (Speakers::default(), Instant::now());
        assert_eq!(sound(&mut speakers, &mut now, 2000, &[(1, 100), (2, 20)]), [Some(1)]);
        assert_eq!(sound(&mut speakers, &mut now, 300, &[(1, 100), (2, 115)]), []);
        assert_eq!(sound(&mut speakers, &mut now, 1500, &[(1, 100), (2, 20)]), []);
        assert_eq!(sound(&mut speakers, &mut now, 3000, &[(1, 90), (2, 115)]), [Some(2)]);
    }

    #[test]
    fn equals_do_not_flap() {
        let (mut speakers, mut now) = (Speakers::default(), Instant::now());
        let mut changes = Vec::new();
        for turn in 0..40u64 {
            let (a, b) = if turn % 2 == 0 { (100, 103) } else { (103, 100) };
            changes.extend(sound(&mut speakers, &mut now, 400, &[(1, a), (2, b)]));
        }
        assert_eq!(changes.len(), 1, "{changes:?}");
    }

    #[test]
    fn who_falls_silent_hands_over_at_once_and_silence_is_told_after_three_seconds() {
        let (mut speakers, mut now) = (Speakers::default(), Instant::now());
        sound(&mut speakers, &mut now, 2000, &[(1, 110), (2, 30)]);
        let start = now;
        assert_eq!(sound(&mut speakers, &mut now, 2000, &[(1, 0), (2, 100)]), [Some(2)]);
        assert!(now - start <= Duration::from_secs(2));
        let changes = sound(&mut speakers, &mut now, 2500, &[(1, 0), (2, 0)]);
        assert_eq!(changes, []);
        assert_eq!(sound(&mut speakers, &mut now, 2000, &[(1, 0), (2, 0)]), [None]);
        assert_eq!(sound(&mut speakers, &mut now, 5000, &[(1, 0), (2, 0)]), []);
    }

    #[test]
    fn levels_are_told_when_they_change() {
        let (mut speakers, mut now) = (Speakers::default(), Instant::now());
        let mut told = Vec::new();
        for _ in 0..100 {
            now += PACKET;
            speakers.heard(7, 100, now);
            told.extend(speakers.decide(now).levels);
        }
        assert!(told.len() <= 5, "a constant level is told few times: {told:?}");
        assert_eq!(told.last().unwrap()[0].0, 7);
        assert!(told.last().unwrap()[0].1 >= 90);
        now += Duration::from_secs(1);
        assert_eq!(
            speakers.decide(now).levels,
            Some(vec![(7, 0)]),
            "a muted one is told as silent"
        );
    }

    proptest! {
        #[test]
        fn decisions_are_at_least_200_ms_apart(steps in prop::collection::vec((0u64..4, 0u8..=127, 0u64..60), 1..300)) {
            let (mut speakers, mut now) = (Speakers::default(), Instant::now());
            let mut last: Option<Instant> = None;
            for (id, level, ms) in steps {
                now += Duration::from_millis(ms);
                speakers.heard(id, level, now);
                if speakers.decide(now) != Decision::default() {
                    if let Some(last) = last { prop_assert!(now - last >= DECISION); }
                    last = Some(now);
                }
            }
        }
    }
}
