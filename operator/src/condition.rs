//! The conditions of a resource: how it stands, as kstatus reads it.

use barnabas_crds::condition::{READY, RECONCILING, STALLED};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// Longest message of a condition, in bytes: quotes from pods are cut.
const MESSAGE_MAX: usize = 1024;

/// How a resource stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether it does what its spec says, with the reason for programs.
    pub ready: (bool, &'static str),
    /// How it stands, in words.
    pub message: String,
    /// What the operator is working on, if anything.
    pub reconciling: Option<&'static str>,
    /// Why the operator cannot go on, if it cannot.
    pub stalled: Option<String>,
}

impl Health {
    /// Everything is as the spec says.
    pub fn ready(reason: &'static str, message: impl Into<String>) -> Self {
        Self { ready: (true, reason), message: message.into(), reconciling: None, stalled: None }
    }

    /// The operator works towards the spec, or waits for something that will come.
    pub fn reconciling(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            ready: (false, reason),
            message: message.into(),
            reconciling: Some(reason),
            stalled: None,
        }
    }

    /// Somebody has to change something.
    pub fn stalled(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            ready: (false, "Stalled"),
            message: message.into(),
            reconciling: None,
            stalled: Some(reason.into()),
        }
    }

    /// The same, with one thing that somebody has to change before it can be done. What is being
    /// worked on meanwhile goes first.
    #[must_use]
    pub fn but_stalled(mut self, reason: &str, message: String) -> Self {
        if self.reconciling.is_none() && self.stalled.is_none() {
            self.stalled = Some(reason.to_owned());
            self.message = message;
        }
        self
    }

    /// The conditions that say so. A condition keeps the time of its last transition as long as
    /// its status stays.
    #[must_use]
    pub fn conditions(
        &self,
        before: &[Condition],
        generation: Option<i64>,
        now: Timestamp,
    ) -> Vec<Condition> {
        let condition = |type_: &str, status: bool, reason: &str| {
            let status = if status { "True" } else { "False" };
            let since = before
                .iter()
                .find(|old| old.type_ == type_ && old.status == status)
                .map_or(Time(now), |old| old.last_transition_time.clone());
            Condition {
                type_: type_.to_owned(),
                status: status.to_owned(),
                reason: reason.to_owned(),
                message: cut(&self.message),
                observed_generation: generation,
                last_transition_time: since,
            }
        };
        let mut conditions = vec![condition(READY, self.ready.0, self.ready.1)];
        conditions.extend(self.reconciling.map(|reason| condition(RECONCILING, true, reason)));
        conditions.extend(self.stalled.as_ref().map(|reason| condition(STALLED, true, reason)));
        conditions
    }
}

fn cut(message: &str) -> String {
    let mut end = message.len().min(MESSAGE_MAX);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_condition_keeps_its_time_while_its_status_stays() {
        let first = Health::reconciling("Starting", "one").conditions(&[], Some(1), at(10));
        let second = Health::reconciling("Starting", "two").conditions(&first, Some(2), at(20));
        assert_eq!(second[0].last_transition_time, Time(at(10)));
        assert_eq!((second[0].message.as_str(), second[0].observed_generation), ("two", Some(2)));
        let third = Health::ready("Ready", "").conditions(&second, Some(2), at(30));
        assert_eq!(third[0].last_transition_time, Time(at(30)));
    }

    #[test]
    fn abnormal_conditions_are_present_only_while_true() {
        let types = |health: Health| -> Vec<String> {
            health.conditions(&[], None, at(0)).into_iter().map(|c| c.type_).collect()
        };
        assert_eq!(types(Health::ready("Ready", "")), ["Ready"]);
        assert_eq!(types(Health::reconciling("Starting", "")), ["Ready", "Reconciling"]);
        assert_eq!(types(Health::stalled("Refused", "")), ["Ready", "Stalled"]);
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let conditions = Health::ready("Ready", "ä".repeat(2000)).conditions(&[], None, at(0));
        assert_eq!(conditions[0].message.len(), MESSAGE_MAX);
    }
}
