//! The period of a voice: the shift at which sound is most like itself.

/// Where a period is looked for, in samples.
pub(crate) struct Span {
    /// Shortest shift.
    pub(crate) shortest: usize,
    /// Longest shift.
    pub(crate) longest: usize,
    /// How many samples are compared.
    pub(crate) compared: usize,
    /// Shifts and samples that are looked at in the first round: every so many.
    pub(crate) step: usize,
}

/// The shift at which the end of `samples` is most like what was before it.
pub(crate) fn of_end(samples: &[i16], span: &Span) -> usize {
    let end = samples.len();
    let longest = span.longest.min(end.saturating_sub(span.compared));
    best(span, longest, |shift, step| {
        let recent = &samples[end - span.compared..];
        let before = &samples[end - span.compared - shift..end - shift];
        likeness(recent, before, step)
    })
}

/// The shift at which the beginning of `samples` is most like what comes after it; how alike they
/// are, −1 … 1.
pub(crate) fn of_begin(samples: &[i16], span: &Span) -> (usize, f32) {
    let longest = span.longest.min(samples.len().saturating_sub(span.compared));
    let compare = |shift: usize, step| {
        likeness(&samples[..span.compared], &samples[shift..shift + span.compared], step)
    };
    let shift = best(span, longest, compare);
    (shift, if shift <= longest { compare(shift, 1) } else { 0.0 })
}

/// Looks coarsely first, then at the neighbours of the best.
fn best(span: &Span, longest: usize, likeness: impl Fn(usize, usize) -> f32) -> usize {
    if longest <= span.shortest {
        return span.shortest.max(1);
    }
    let find = |range: &mut dyn Iterator<Item = usize>, step, least| {
        let (mut found, mut highest) = (span.shortest, f32::MIN);
        for shift in range {
            let value = likeness(shift, step);
            if value > highest + least {
                (found, highest) = (shift, value);
            }
        }
        found
    };
    // Of almost equals the shortest: a multiple of a period is none.
    let coarse = find(&mut (span.shortest..=longest).step_by(span.step), span.step, 1e-3);
    if span.step == 1 {
        return coarse;
    }
    let near = coarse.saturating_sub(span.step - 1).max(span.shortest);
    find(&mut (near..=(coarse + span.step - 1).min(longest)), 1, 0.0)
}

/// The normalized correlation of every `step`th sample.
fn likeness(one: &[i16], other: &[i16], step: usize) -> f32 {
    let (mut product, mut energy, mut other_energy) = (0.0, 0.0, 0.0);
    let pairs = one.iter().step_by(step).zip(other.iter().step_by(step));
    for (&a, &b) in pairs {
        let (a, b) = (f32::from(a), f32::from(b));
        product += a * b;
        energy += a * a;
        other_energy += b * b;
    }
    product / (energy * other_energy).sqrt().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_found_from_both_ends() {
        for (rate, period) in [(8000usize, 40usize), (8000, 73), (48_000, 240), (48_000, 431)] {
            let angle = |n: usize| n as f32 * std::f32::consts::TAU / period as f32;
            let voice = |n: usize| angle(n).sin() + 0.7 * (3.0 * angle(n)).sin();
            let samples: Vec<i16> = (0..rate / 20).map(|n| (voice(n) * 9000.0) as i16).collect();
            let span = Span {
                shortest: rate / 400,
                longest: rate * 15 / 1000,
                compared: rate / 100,
                step: rate / 8000,
            };
            let off = |found: usize| found.abs_diff(period);
            assert!(off(of_end(&samples, &span)) <= 1);
            let (found, alike) = of_begin(&samples, &span);
            assert!(off(found) <= 1 && alike > 0.99, "{found} {alike}");
        }
    }
}
