//! Who may hold a lease: pure.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};

/// What to do about a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Somebody else holds it.
    Wait,
    /// There is none.
    Create,
    /// It is this process's, was given up, or has run out.
    Replace,
}

/// What `identity` may do at `now` with the lease that was found.
pub fn decide(found: Option<&Lease>, identity: &str, now: Timestamp) -> Step {
    let Some(spec) = found.map(|lease| lease.spec.clone().unwrap_or_default()) else {
        return Step::Create;
    };
    let holder = spec.holder_identity.unwrap_or_default();
    let seconds = i64::from(spec.lease_duration_seconds.unwrap_or_default());
    let ends = spec.renew_time.map(|renewed| renewed.0 + SignedDuration::from_secs(seconds));
    if holder.is_empty() || holder == identity || ends.is_none_or(|ends| ends <= now) {
        Step::Replace
    } else {
        Step::Wait
    }
}

/// The lease held by `identity` from now on. It keeps the version that was read, so that of two
/// processes that take it at once, one is refused.
pub fn renewed(
    found: Option<Lease>,
    name: &str,
    identity: &str,
    seconds: i32,
    now: Timestamp,
) -> Lease {
    let mut lease = found.unwrap_or_else(|| Lease {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        spec: None,
    });
    let before = lease.spec.take().unwrap_or_default();
    let kept = before.holder_identity.as_deref() == Some(identity);
    let changes = before.lease_transitions.unwrap_or_default();
    lease.spec = Some(LeaseSpec {
        holder_identity: Some(identity.to_owned()),
        lease_duration_seconds: Some(seconds),
        acquire_time: if kept { before.acquire_time } else { Some(MicroTime(now)) },
        renew_time: Some(MicroTime(now)),
        lease_transitions: Some(if kept { changes } else { changes.saturating_add(1) }),
        ..LeaseSpec::default()
    });
    lease
}

/// The lease without a holder, if `identity` holds it.
pub fn released(mut lease: Lease, identity: &str) -> Option<Lease> {
    let spec = lease.spec.as_mut()?;
    if spec.holder_identity.as_deref() != Some(identity) {
        return None;
    }
    spec.holder_identity = None;
    Some(lease)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_lease_is_taken_when_nobody_holds_it() {
        assert_eq!(decide(None, "a", at(0)), Step::Create);
        let held = renewed(None, "lease", "a", 15, at(0));
        assert_eq!(decide(Some(&held), "a", at(1)), Step::Replace);
        assert_eq!(decide(Some(&held), "b", at(1)), Step::Wait);
        let free = released(held, "a").unwrap();
        assert_eq!(decide(Some(&free), "b", at(1)), Step::Replace);
    }

    #[test]
    fn a_lease_that_is_not_renewed_runs_out() {
        let held = renewed(None, "lease", "a", 15, at(0));
        assert_eq!(decide(Some(&held), "b", at(14)), Step::Wait);
        assert_eq!(decide(Some(&held), "b", at(15)), Step::Replace);
        let held = renewed(Some(held), "lease", "a", 15, at(10));
        assert_eq!(decide(Some(&held), "b", at(24)), Step::Wait);
    }

    #[test]
    fn changes_of_the_holder_are_counted() {
        let mut first = renewed(None, "lease", "a", 15, at(0));
        first.metadata.resource_version = Some("7".to_owned());
        let kept = renewed(Some(first.clone()), "lease", "a", 15, at(5)).spec.unwrap();
        assert_eq!((kept.lease_transitions, kept.acquire_time), (Some(1), Some(MicroTime(at(0)))));
        let taken = renewed(Some(first), "lease", "b", 15, at(20));
        assert_eq!(taken.metadata.resource_version.as_deref(), Some("7"));
        assert_eq!(taken.spec.unwrap().lease_transitions, Some(2));
    }

    #[test]
    fn only_the_holder_releases() {
        assert_eq!(released(renewed(None, "lease", "a", 15, at(0)), "b"), None);
    }
}
