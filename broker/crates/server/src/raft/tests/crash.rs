//! Power cuts at every step: what was acknowledged is there.

use barnabas_storage::SimDisk;
use barnabas_storage::disk::CrashKind;

use super::*;

/// Creates topics until the disk dies; returns those that were acknowledged.
async fn workload(disk: &SimDisk, crash_at: u64) -> Vec<String> {
    disk.crash_at(crash_at);
    let path = PathBuf::from("/metadata");
    let Ok(thread) = start(options(Arc::new(disk.clone()), &path)) else { return Vec::new() };
    let link = MetadataLink::new(&thread);
    let mut acknowledged = Vec::new();
    let mut thread = thread;
    let drain = tokio::spawn(async move { while thread.published.recv().await.is_some() {} });
    let mut registered = false;
    for n in 0..6 {
        let request =
            if registered { create([format!("topic-{n}")].into_iter()) } else { registration(1) };
        let Some(answer) = patiently(&link, request).await else { break };
        match answer.response {
            Response::BrokerRegistration(response) => {
                registered = true;
                if patiently(&link, heartbeat(response.broker_epoch)).await.is_none() {
                    break;
                }
            }
            Response::CreateTopics(response) => {
                assert_eq!(response.topics[0].error_code, ErrorCode::NONE);
                acknowledged.push(response.topics[0].name.clone());
            }
            other => panic!("{other:?}"),
        }
    }
    link.shut_down().await;
    drain.abort();
    acknowledged
}

/// Asks until there is a controller; `None` when the thread is gone.
async fn patiently(link: &MetadataLink, request: Request) -> Option<Answer> {
    for _ in 0..50 {
        if let Ok(answer) = link.ask(request.clone()).await {
            return Some(answer);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledged_topic_survives_a_power_cut_at_any_step() {
    let whole = SimDisk::new(1);
    let all = workload(&whole, u64::MAX).await;
    assert_eq!(all.len(), 5);
    let operations = whole.operations();
    let mut lost_something = false;
    for crash_at in (1..operations).step_by(2) {
        let disk = SimDisk::new(crash_at);
        let acknowledged = workload(&disk, crash_at).await;
        let disk = disk.restart(CrashKind::Power, crash_at);
        let restarted = options(Arc::new(disk), &PathBuf::from("/metadata"));
        let found = Running::start(restarted, 2).await.stop().await;
        for topic in &acknowledged {
            assert!(found.contains(topic), "{topic} lost by the crash at {crash_at}");
        }
        lost_something |= found.len() < all.len();
    }
    assert!(lost_something, "the crashes hit the workload");
}
