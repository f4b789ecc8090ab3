//! Stores for tests: one in memory, and one whose calls pass an interceptor.

mod intercepted_store;
mod memory_store;

pub use self::intercepted_store::{InterceptedStore, Interceptor, StoreCall};
pub use self::memory_store::{Fault, MemoryStore};
