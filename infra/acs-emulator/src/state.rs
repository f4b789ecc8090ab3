//! Everything the emulator remembers about its resource: keys, identities, tokens, the state file.

pub(crate) mod access_key;
pub(crate) mod certificate_authority;
pub(crate) mod clock_offset;
pub(crate) mod emulator_state;
pub(crate) mod introspection;
pub(crate) mod issued_token;
pub(crate) mod journal;
pub(crate) mod journal_entry;
pub(crate) mod random;
pub(crate) mod resource;
pub(crate) mod token_key;
