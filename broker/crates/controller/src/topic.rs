//! Topics: created, grown, deleted.

mod assignment;
mod create;
mod delete;
mod grow;
mod name;

#[cfg(test)]
mod tests;

pub use name::validate as validate_name;
