//! The active controller keeps an eye on the brokers, so that a failed one is replaced long before
//! its session ends.
//!
//! A connection to each broker breaks the moment the process ends; when its machine then refuses
//! another, nobody has to wait for heartbeats. A process that stands still (SIGSTOP, a disk that
//! hangs all threads) stops to answer. What that means is decided by the controller.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use barnabas_controller::{Request, Response};
use barnabas_quorum::{Leadership, NodeId};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use crate::machine;
use crate::node::Node;
use crate::peer::{PeerAddress, PeerError, Probe};
use crate::raft::MetadataLink;

/// Pause between questions to a broker that answers.
const INTERVAL: Duration = Duration::from_millis(500);
/// How long a broker that has just entered the cluster may take for its first answer: it opens its
/// partitions.
const FIRST_ANSWER: Duration = Duration::from_secs(30);
/// Pause between two refused connections; one alone may be an accident.
const REFUSED_PAUSE: Duration = Duration::from_millis(20);
/// Refusals in a row that count.
const REFUSALS: u32 = 2;
/// Pause after a report, and after what says nothing about the broker.
const PAUSE: Duration = Duration::from_secs(1);

/// What the vigil needs besides the metadata.
#[derive(Debug)]
pub(super) struct VigilOptions {
    /// The listener to ask; of a broker without it, the first.
    pub(super) listener: String,
    /// `barnabas.broker.silence.timeout.ms`: after that a broker that accepted a connection counts
    /// as gone.
    pub(super) silence: Duration,
}

/// Watches for as long as metadata is applied.
pub(super) async fn keep(
    node: Arc<Node>,
    link: MetadataLink,
    mut leadership: watch::Receiver<Leadership>,
    mut applied: watch::Receiver<i64>,
    options: VigilOptions,
) {
    let VigilOptions { listener, silence } = options;
    let me = NodeId(node.identity.node_id);
    let mut watched: BTreeMap<i32, Watched> = BTreeMap::new();
    let (mut current, mut deposed) = (None, None);
    loop {
        let leader = leadership.borrow_and_update().leader;
        let takes_over = leader != current && leader == Some(me);
        if leader != current && leader.is_some() {
            deposed = current;
            current = leader;
        }
        let wanted = if leader == Some(me) { subjects(&node, &listener) } else { BTreeMap::new() };
        watched.retain(|id, known| wanted.get(id) == Some(&known.subject));
        for (id, subject) in wanted {
            watched.entry(id).or_insert_with(|| {
                let patience = match deposed {
                    // Its controller fell silent, too, and was replaced for that.
                    Some(NodeId(deposed)) if deposed == id => Patience::of_suspect(silence),
                    _ if takes_over => Patience { first: silence, then: silence },
                    _ => Patience { first: silence.max(FIRST_ANSWER), then: silence },
                };
                let watch = watch(Arc::clone(&node), link.clone(), subject.clone(), patience);
                Watched { subject, task: machine::spawn(watch).abort_handle() }
            });
        }
        tokio::select! {
            biased;
            changed = leadership.changed() => if changed.is_err() { return },
            changed = applied.changed() => if changed.is_err() { return },
        }
    }
}

/// A broker process, and where to ask it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Subject {
    epoch: i64,
    address: PeerAddress,
}

/// How long a broker may be silent.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// Until it has answered once.
    first: Duration,
    then: Duration,
}

impl Patience {
    fn of_suspect(silence: Duration) -> Self {
        let silence = silence * 2 / 5;
        Self { first: silence, then: silence }
    }
}

struct Watched {
    subject: Subject,
    task: AbortHandle,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The other brokers that are not fenced.
fn subjects(node: &Node, listener: &str) -> BTreeMap<i32, Subject> {
    let image = node.image.load();
    let others = image.cluster.brokers().filter(|broker| {
        !broker.fenced && !broker.in_controlled_shutdown && broker.id != node.identity.node_id
    });
    let subjects = others.filter_map(|broker| {
        let endpoint = broker.endpoint(listener).or_else(|| broker.endpoints.first())?;
        let (host, port) = (endpoint.host.clone(), endpoint.port);
        let address = PeerAddress { id: broker.id, host, port };
        Some((broker.id, Subject { epoch: broker.epoch, address }))
    });
    subjects.collect()
}

async fn watch(node: Arc<Node>, link: MetadataLink, subject: Subject, patience: Patience) {
    let mut refusals = 0;
    let mut silence = patience.first;
    loop {
        let opened = timeout(silence, Probe::open(node.dialer.as_ref(), &subject.address)).await;
        let silent = match opened {
            Ok(Ok(probe)) => {
                refusals = 0;
                silence = patience.then;
                matches!(attend(probe, silence).await, PeerError::Timeout(_))
            }
            Ok(Err(error)) if error.is_refusal() => {
                refusals += 1;
                if refusals < REFUSALS {
                    sleep(REFUSED_PAUSE).await;
                    continue;
                }
                true
            }
            // Accepted by the machine, not by the process; or lost on the way, which is for the
            // session to decide.
            Err(_) => true,
            Ok(Err(_)) => {
                sleep(PAUSE).await;
                false
            }
        };
        if silent {
            report(&link, &subject, refusals > 0).await;
            sleep(PAUSE).await;
        }
    }
}

/// Returns why the broker does not answer any more.
async fn attend(mut probe: Probe, silence: Duration) -> PeerError {
    loop {
        if let Err(error) = probe.rest(INTERVAL).await {
            return error;
        }
        if let Err(error) = probe.ask(silence).await {
            return error;
        }
    }
}

async fn report(link: &MetadataLink, subject: &Subject, refused: bool) {
    let request =
        Request::BrokerUnreachable { broker_id: subject.address.id, broker_epoch: subject.epoch };
    // An error means that somebody else is the active controller by now.
    if let Ok(answer) = link.ask(request).await
        && matches!(answer.response, Response::BrokerUnreachable(true))
    {
        tracing::warn!(broker = %subject.address, refused, "fenced: it cannot be reached");
    }
}
