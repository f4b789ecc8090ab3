//! The lists of metrics and log fields.

use std::collections::BTreeSet;

use acs_broker_lambda::{Field, Metric};

/// A name that stands twice would mix two things in one metric or one field.
#[test]
fn names_are_unique() {
    let metrics: BTreeSet<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    let fields: BTreeSet<_> = Field::ALL.iter().map(|field| field.name()).collect();
    assert_eq!((metrics.len(), fields.len()), (Metric::ALL.len(), Field::ALL.len()));
    assert!(metrics.is_disjoint(&fields));
}
