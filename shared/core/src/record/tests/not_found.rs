use super::*;

/// In an incident ACS reports 404 for identities that exist. One report must not cost a user the
/// identity; two that are a minute apart are believed.
#[test]
fn needs_a_second_report() {
    let a = identity("a");
    let noted = bound_at_100().note_not_found(&a, at(1000)).unwrap();
    assert!(!noted.is_not_found_confirmed(&a, at(1059)));
    assert!(noted.is_not_found_confirmed(&a, at(1060)));
    assert!(noted.is_not_found_confirmed(&a, at(999 + 3 * 3600)));
    assert!(!noted.is_not_found_confirmed(&a, at(1000 + 3 * 3600)), "another incident");
    assert!(!noted.is_not_found_confirmed(&identity("b"), at(1060)));
    assert_eq!(noted.note_not_found(&a, at(1059)), None, "the first report counts");
    let hours_later = noted.note_not_found(&a, at(1000 + 3 * 3600)).unwrap();
    let since = hours_later.bound().unwrap().not_found_since;
    assert_eq!(since, Some(at(1000 + 3 * 3600)), "the first one is too old to count");
    assert_eq!(noted.clear_not_found(&a), Some(bound_at_100()));
    assert_eq!(bound_at_100().clear_not_found(&a), None);
    assert!(!bound_at_100().is_not_found_confirmed(&a, at(9999)));
}
