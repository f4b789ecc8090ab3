//! The inputs that were worth keeping: samples of each kind, and what a fuzzer has found.

use std::fs;
use std::path::Path;

use acs_broker_fuzz::TARGETS;

/// An input that once broke a parser must not break it again, for whoever sends it.
#[test]
fn every_kept_input_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in TARGETS {
        let mut inputs = 0;
        for entry in fs::read_dir(corpus.join(name)).unwrap() {
            target(&fs::read(entry.unwrap().path()).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0, "{name} has no inputs");
    }
}
