//! The few voices that are heard at a time, by loudness, with patience both ways.

use crate::level::QUIET;

/// A voice keeps its place for so many frames after it fell silent: 600 ms, a pause within speech.
const HOLD: u32 = 30;
/// Who is not heard must be louder by this to take a place: 6 dB.
const MARGIN: f32 = 4.0;
/// What is left of the loudness of one frame after the next one: half after 100 ms.
const DECAY: f32 = 0.87;

/// Chooses among voices named by keys.
#[derive(Clone, Debug)]
pub struct Loudest<K> {
    most: usize,
    heard: Vec<Voice<K>>,
}

#[derive(Clone, Debug)]
struct Voice<K> {
    key: K,
    power: f32,
    silent: u32,
}

impl<K: Copy + Ord> Loudest<K> {
    /// At most so many at a time.
    pub fn new(most: usize) -> Loudest<K> {
        Loudest { most, heard: Vec::new() }
    }

    /// Who is heard in this frame, in order of keys, by the mean power of each voice in it (see
    /// [`crate::level::energy`]). Who is not among `voices` is not heard.
    pub fn choose(&mut self, voices: &[(K, f32)]) -> impl Iterator<Item = K> + '_ {
        self.follow(voices);
        let mut others: Vec<(K, f32)> = voices
            .iter()
            .filter(|(key, power)| *power > QUIET && !self.is_heard(*key))
            .copied()
            .collect();
        others.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        for (key, power) in others {
            if self.heard.len() >= self.most {
                let weakest =
                    self.heard.iter().enumerate().min_by(|a, b| a.1.power.total_cmp(&b.1.power));
                match weakest {
                    Some((at, voice)) if power > voice.power * MARGIN => self.heard.remove(at),
                    _ => break,
                };
            }
            self.heard.push(Voice { key, power, silent: 0 });
        }
        self.heard.sort_unstable_by_key(|voice| voice.key);
        self.heard.iter().map(|voice| voice.key)
    }

    /// Whether a voice was heard in the last frame.
    pub fn is_heard(&self, key: K) -> bool {
        self.heard.iter().any(|voice| voice.key == key)
    }

    /// Brings the voices that were heard up to date; those that are gone lose their place.
    fn follow(&mut self, voices: &[(K, f32)]) {
        self.heard.retain_mut(|voice| {
            let Some(&(_, power)) = voices.iter().find(|(key, _)| *key == voice.key) else {
                return false;
            };
            voice.power = power.max(voice.power * DECAY);
            voice.silent = if power > QUIET { 0 } else { voice.silent + 1 };
            voice.silent <= HOLD
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOUD: f32 = 1e-2;

    fn chosen(loudest: &mut Loudest<u32>, voices: &[(u32, f32)]) -> Vec<u32> {
        loudest.choose(voices).collect()
    }

    #[test]
    fn the_loudest_few_are_heard() {
        let mut loudest = Loudest::new(3);
        let voices: Vec<(u32, f32)> = (0..10).map(|n| (n, LOUD * (1.0 + n as f32))).collect();
        assert_eq!(chosen(&mut loudest, &voices), [7, 8, 9]);
        let silent: Vec<(u32, f32)> = (0..10).map(|n| (n, 1e-7)).collect();
        let mut loudest = Loudest::new(3);
        assert!(chosen(&mut loudest, &silent).is_empty());
    }

    #[test]
    fn a_place_is_kept_through_a_pause_and_lost_after_it() {
        let mut loudest = Loudest::new(3);
        chosen(&mut loudest, &[(1, LOUD)]);
        for _ in 0..HOLD {
            assert_eq!(chosen(&mut loudest, &[(1, 0.0)]), [1]);
        }
        assert!(chosen(&mut loudest, &[(1, 0.0)]).is_empty());
        chosen(&mut loudest, &[(1, LOUD)]);
        assert!(chosen(&mut loudest, &[]).is_empty(), "who is gone is not heard");
    }

    #[test]
    fn equals_do_not_push_each_other_out_but_who_shouts_does() {
        let mut loudest = Loudest::new(2);
        chosen(&mut loudest, &[(1, LOUD), (2, LOUD)]);
        for n in 0..100 {
            let third = LOUD * if n % 2 == 0 { 1.5 } else { 0.7 };
            assert_eq!(chosen(&mut loudest, &[(1, LOUD), (2, LOUD), (3, third)]), [1, 2]);
        }
        assert_eq!(chosen(&mut loudest, &[(1, LOUD), (2, 0.5 * LOUD), (3, 9.0 * LOUD)]), [1, 3]);
    }

    proptest! {
        #[test]
        fn never_too_many_and_never_a_stranger(frames in prop::collection::vec(
            prop::collection::btree_map(0u32..12, 0f32..0.1, 0..12), 1..60,
        )) {
            let mut loudest = Loudest::new(4);
            for voices in frames {
                let voices: Vec<(u32, f32)> = voices.into_iter().collect();
                let heard = chosen(&mut loudest, &voices);
                prop_assert!(heard.len() <= 4 && heard.is_sorted());
                prop_assert!(heard.iter().all(|key| voices.iter().any(|voice| voice.0 == *key)));
            }
        }
    }
}
