//! Who asks, whether they may, and how much they may use.

mod authorizer;
mod principal;
mod quota;

pub use authorizer::{AllowAll, Authorizer, Operation, Resource};
pub use principal::Principal;
pub use quota::{Quotas, Unlimited, Usage};
