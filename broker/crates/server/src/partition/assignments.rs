//! Which log directories hold which replicas, for the controller to know (KIP-858,
//! `org.apache.kafka.server.AssignmentsManager`).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use barnabas_wire::Uuid;
use tokio::sync::{Notify, oneshot};

use super::PartitionKey;

/// Replicas that one request tells of at most (Kafka: `MAX_ASSIGNMENTS_PER_REQUEST`).
const REQUEST_MAX: usize = 2250;

/// What the controller has to be told: the latest of each replica.
#[derive(Debug, Default)]
pub struct Assignments {
    waiting: Mutex<BTreeMap<PartitionKey, Assignment>>,
    wake: Notify,
}

/// One replica is in a log directory.
#[derive(Debug)]
pub struct Assignment {
    /// Id of the directory.
    pub directory: Uuid,
    told: Option<oneshot::Sender<()>>,
}

impl Assignments {
    /// Has the controller told.
    pub fn note(&self, key: PartitionKey, directory: Uuid) {
        self.waiting().insert(key, Assignment { directory, told: None });
        self.wake.notify_one();
    }

    /// Has the controller told, and waits until it knows. `false` if something else has to be told
    /// of the replica by then, or it is not one any more.
    pub async fn assign(&self, key: PartitionKey, directory: Uuid) -> bool {
        let (told, known) = oneshot::channel();
        self.waiting().insert(key, Assignment { directory, told: Some(told) });
        self.wake.notify_one();
        known.await.is_ok()
    }

    /// Waits until there is something to tell, and takes as much as one request holds.
    pub async fn take(&self) -> BTreeMap<PartitionKey, Assignment> {
        loop {
            {
                let mut waiting = self.waiting();
                let rest = waiting.keys().nth(REQUEST_MAX).copied();
                let rest = rest.map(|key| waiting.split_off(&key)).unwrap_or_default();
                let batch = std::mem::replace(&mut *waiting, rest);
                if !batch.is_empty() {
                    return batch;
                }
            }
            self.wake.notified().await;
        }
    }

    /// To be told again, unless there is something newer.
    pub fn put_back(&self, batch: BTreeMap<PartitionKey, Assignment>) {
        let mut waiting = self.waiting();
        for (key, assignment) in batch {
            waiting.entry(key).or_insert(assignment);
        }
        self.wake.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<PartitionKey, Assignment>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Assignment {
    /// The controller knows.
    pub fn known(self) {
        if let Some(told) = self.told {
            // Whoever waited may have given up.
            let _ = told.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(partition: i32) -> PartitionKey {
        PartitionKey { topic: Uuid([1; 16]), partition }
    }

    #[tokio::test]
    async fn the_latest_counts_and_requests_are_bounded() {
        let assignments = Assignments::default();
        let count = i32::try_from(REQUEST_MAX).unwrap() + 1;
        (0..count).for_each(|number| assignments.note(key(number), Uuid([5; 16])));
        assignments.note(key(0), Uuid([6; 16]));
        let mut first = assignments.take().await;
        assert_eq!(first.len(), REQUEST_MAX);
        assert_eq!(first.remove(&key(0)).unwrap().directory, Uuid([6; 16]));
        assert_eq!(assignments.take().await.len(), 1);
        assignments.note(key(1), Uuid([7; 16]));
        assignments.put_back(first);
        let again = assignments.take().await;
        assert_eq!(again[&key(1)].directory, Uuid([7; 16]));
        assert_eq!(again[&key(2)].directory, Uuid([5; 16]));
    }

    #[tokio::test]
    async fn whoever_waits_is_told_once_the_controller_knows() {
        let assignments = Assignments::default();
        let (first, ()) = tokio::join!(assignments.assign(key(0), Uuid([5; 16])), async {
            let batch = assignments.take().await;
            assignments.put_back(batch);
            for (_, assignment) in assignments.take().await {
                assignment.known();
            }
        });
        assert!(first);
        let (replaced, ()) = tokio::join!(assignments.assign(key(0), Uuid([5; 16])), async {
            assignments.note(key(0), Uuid([6; 16]));
        });
        assert!(!replaced);
    }
}
