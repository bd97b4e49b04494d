//! All that a pass does, in order: pure.

use super::build::Rendered;
use super::dereference::Observed;
use super::live::Live;
use super::plan::{Action, Conflict, current_revision, plan};
use super::roll::{self, Next, Node};
use super::validate::Cluster;
use super::voters::{self, Change};
use super::{defaults, offsets, quorum, racks, scale};

/// The actions of a pass, and how far a roll is.
///
/// # Errors
/// Something that is not ours is in the way.
pub fn decide(
    cluster: &Cluster,
    wanted: &[Rendered],
    observed: &Observed,
    (nodes, live): (&[Node], Option<&Live>),
    rolling: bool,
) -> Result<(Vec<Action>, Next), Conflict> {
    let mut actions = plan(cluster, wanted, observed)?;
    actions.extend(racks::missing(cluster, observed));
    actions.extend(quorum::marks(cluster, observed, live));
    let defaults = defaults::change(cluster, live);
    if !defaults.is_empty() {
        actions.push(Action::SetDefaults(defaults));
    }
    // Nothing is restarted on the way to a spec that Kubernetes has not taken up yet.
    let changing = actions.iter().any(|action| match action {
        Action::Apply(rendered) => rendered.api.kind == "StatefulSet",
        Action::Replace { .. } => true,
        _ => false,
    });
    if changing || observed.stateful_sets.values().any(|set| current_revision(set).is_none()) {
        return Ok((actions, Next::Done));
    }
    // Voters change at the speed of a request: no restart on the way.
    let next = match voters::next(cluster, nodes, live) {
        Change::Remove { id, directory } => {
            actions.push(Action::RemoveVoter { id, directory });
            let message = format!("controller {id} leaves the quorum");
            return Ok((actions, Next::Leave(message)));
        }
        Change::Wait(message) => match roll::next(nodes, live, rolling) {
            Next::Done => Next::Leave(message),
            next => next,
        },
        Change::Nothing => roll::next(nodes, live, rolling),
    };
    match &next {
        Next::Restart { pod, uid, why, exposed } => actions.push(Action::Restart {
            pod: pod.clone(),
            uid: uid.clone(),
            why,
            exposed: *exposed,
        }),
        Next::Elect(partitions) => actions.push(Action::Elect(partitions.clone())),
        Next::Done => {
            let forgotten = scale::forgotten(cluster, observed, live);
            actions.extend(forgotten.into_iter().map(Action::Unregister));
            actions.extend(offsets::short(cluster, live).map(Action::Replicate));
        }
        Next::Leave(_) | Next::Wait(_) | Next::Pause(_) => {}
    }
    Ok((actions, next))
}
