//! What is checked of a session description before it is parsed: the outcome is within the limits,
//! and inspecting it again changes nothing.
#![no_main]

use antiphon_session::{Limits, inspect};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let limits = Limits::default();
    if let Ok(inspected) = inspect(text, &limits) {
        assert!(inspected.sections <= limits.sections);
        if inspected.text.len() <= limits.description_bytes {
            assert_eq!(
                inspect(&inspected.text, &limits).map(|again| again.text),
                Ok(inspected.text)
            );
        }
    }
});
