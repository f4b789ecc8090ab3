//! Feeds the target that the variable `FUZZ_TARGET` names.
#![no_main]

use std::env;
use std::sync::LazyLock;

use acs_broker_fuzz::TARGETS;
use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let wanted = env::var("FUZZ_TARGET").expect("FUZZ_TARGET");
    TARGETS.into_iter().find(|(name, _)| *name == wanted).expect("a target").1
});

fuzz_target!(|data: &[u8]| TARGET(data));
