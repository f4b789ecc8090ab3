use super::super::SessionRejection;
use super::*;

/// A session of the second in which a password changed may be the thief's.
#[test]
fn must_be_younger_than_cutoff() {
    let record = with_cutoff(Record::default(), 100);
    let rejected = Err(SessionRejection::SignInAgain);
    for (sign_in, expected) in [(99, rejected), (100, rejected), (101, Ok(()))] {
        assert_eq!(record.check_session(None, EpochSeconds(sign_in)), expected, "{sign_in}");
    }
}
