use std::time::{Duration, Instant};

use super::*;
use proptest::prelude::*;

const RATE: u32 = 8000;

fn report(code: u8, ends: bool, duration: u16) -> [u8; 4] {
    Event { code, ends, volume: 10, duration }.write()
}

fn press(key: char, ms: u64) -> Press {
    Press { key, duration: Duration::from_millis(ms) }
}

#[test]
fn a_report_is_read_and_written() {
    // Event 11 (#), end, volume 10, 400 ticks.
    let bytes = [11, 0x8a, 0x01, 0x90];
    let event = Event::parse(&bytes).unwrap();
    assert_eq!(event, Event { code: 11, ends: true, volume: 10, duration: 400 });
    assert_eq!(event.key(), Some('#'));
    assert_eq!(event.write(), bytes);
    assert_eq!(Event::parse(&bytes[..3]), None);
}

#[test]
fn a_press_is_told_once() {
    let (mut receiver, now) = (Receiver::new(RATE), Instant::now());
    for duration in [400, 800] {
        assert_eq!(receiver.receive(1000, &report(5, false, duration), now), []);
    }
    assert_eq!(receiver.receive(1000, &report(5, true, 1200), now), [press('5', 150)]);
    for _ in 0..2 {
        assert_eq!(receiver.receive(1000, &report(5, true, 1200), now), []);
    }
    assert_eq!(receiver.receive(1000, &report(5, false, 800), now), [], "reordered");
    assert_eq!(receiver.receive(600, &report(4, true, 80), now), [], "from before");
    assert_eq!(receiver.deadline(), None);
}

#[test]
fn a_lost_start_or_end_does_not_matter() {
    let (mut receiver, mut now) = (Receiver::new(RATE), Instant::now());
    assert_eq!(receiver.receive(u32::MAX - 100, &report(1, true, 960), now), [press('1', 120)]);
    assert_eq!(receiver.receive(2000, &report(2, false, 800), now), []);
    let both = receiver.receive(5000, &report(3, true, 480), now);
    assert_eq!(both, [press('2', 100), press('3', 60)]);
    receiver.receive(9000, &report(10, false, 400), now);
    assert_eq!(receiver.wake(now + Duration::from_millis(100)), None);
    now += Duration::from_millis(150);
    assert_eq!(receiver.wake(now), Some(press('*', 50)));
    assert_eq!(receiver.wake(now), None);
}

#[test]
fn a_long_press_is_one() {
    let (mut receiver, now) = (Receiver::new(RATE), Instant::now());
    let mut timestamp = 77u32;
    for _ in 0..2 {
        for duration in [400, 30_000, 65_535] {
            assert_eq!(receiver.receive(timestamp, &report(9, false, duration), now), []);
        }
        timestamp = timestamp.wrapping_add(65_535);
    }
    let told = receiver.receive(timestamp, &report(9, true, 930), now);
    assert_eq!(told, [press('9', 16_500)]);
}

#[test]
fn the_same_key_twice_is_two_presses() {
    let (mut receiver, now) = (Receiver::new(RATE), Instant::now());
    receiver.receive(0, &report(7, true, 800), now);
    assert_eq!(receiver.receive(1600, &report(7, true, 800), now), [press('7', 100)]);
}

#[test]
fn other_events_are_no_keys() {
    let (mut receiver, now) = (Receiver::new(RATE), Instant::now());
    assert_eq!(receiver.receive(0, &report(16, true, 800), now), []);
    let two = [report(1, true, 800), report(2, true, 400)].concat();
    assert_eq!(receiver.receive(1000, &two, now), [press('1', 100), press('2', 50)]);
}

#[test]
fn the_sender_is_heard_by_the_receiver_with_any_single_loss() {
    for lost in 0..=15 {
        let (mut sender, mut receiver) = (Sender::new(RATE), Receiver::new(RATE));
        let mut now = Instant::now();
        sender.press("1d#", now).unwrap();
        let (mut presses, mut sent, mut begun) = (Vec::new(), 0, Vec::new());
        while let Some(due) = sender.deadline() {
            now = due;
            presses.extend(receiver.wake(now));
            let Some(report) = sender.wake(now, sent * 400) else { continue };
            assert_eq!(report.marker, !begun.contains(&report.timestamp));
            begun.push(report.timestamp);
            if sent != lost {
                presses.extend(receiver.receive(report.timestamp, &report.payload, now));
            }
            sent += 1;
        }
        assert_eq!(sent, 15, "two reports and three ends for each key");
        assert_eq!(presses, [press('1', 150), press('D', 150), press('#', 150)]);
        assert!(!sender.is_sending());
    }
}

#[test]
fn the_sender_refuses_what_it_cannot_send() {
    let (mut sender, now) = (Sender::new(RATE), Instant::now());
    assert_eq!(sender.press("12x", now), Err(PressError::Unknown('x')));
    assert_eq!(sender.deadline(), None, "nothing of it was taken");
    assert_eq!(sender.press(&"1".repeat(65), now), Err(PressError::TooMany));
    assert_eq!(sender.press(&"1".repeat(64), now), Ok(()));
    assert_eq!(sender.press("1", now), Err(PressError::TooMany));
}

proptest! {
    #[test]
    fn any_reports_are_survived(packets in prop::collection::vec(
        (any::<u32>(), prop::collection::vec(any::<u8>(), 0..40), 0u64..200), 0..50,
    )) {
        let (mut receiver, mut now) = (Receiver::new(RATE), Instant::now());
        for (timestamp, payload, ms) in packets {
            now += Duration::from_millis(ms);
            let _ = receiver.wake(now);
            let presses = receiver.receive(timestamp, &payload, now);
            prop_assert!(presses.len() <= 2 * payload.len() / 4);
        }
    }
}
