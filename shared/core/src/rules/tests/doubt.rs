use super::*;

#[test]
fn acs_must_say_twice_and_a_minute_apart_that_an_identity_does_not_exist() {
    let a = identity("a");
    let doubtful = doubted(&bound_at_100(), &a, at(1000)).unwrap();
    assert!(!is_dead(&doubtful, &a, at(1059)) && is_dead(&doubtful, &a, at(1060)));
    assert!(!is_dead(&doubtful, &identity("b"), at(1060)));
    assert_eq!(doubted(&doubtful, &a, at(1059)), None, "the first word counts");
    let hours_later = doubted(&doubtful, &a, at(1000 + 3 * 3600)).unwrap();
    assert_eq!(hours_later.doubted_since, Some(at(1000 + 3 * 3600)), "too long ago to count");
    assert_eq!(trusted(&doubtful, &a), Some(bound_at_100()));
    assert!(trusted(&bound_at_100(), &a).is_none() && !is_dead(&bound_at_100(), &a, at(9999)));
}
