//! The whole product on one machine, in one process: the functions behind a gateway that treats
//! requests as API Gateway does, a development identity provider, the user table, and Azure
//! Communication Services as the emulator plays them.

pub mod acs;
pub mod answer;
pub mod authorizer;
pub mod claims;
pub mod cors;
pub mod denied;
pub mod development;
pub mod event;
pub mod event_bus;
pub mod functions;
pub mod gateway;
pub mod health;
pub mod hosting;
pub mod identity_provider;
pub mod lifetime;
pub mod options;
pub mod ready;
pub mod request_body;
pub mod request_headers;
pub mod request_id;
pub mod routes;
pub mod schedule;
pub mod signing_key;
pub mod stack;
pub mod state;
pub mod table;
