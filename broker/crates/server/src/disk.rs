//! Threads that block on disks, so that no connection waits behind them.
//!
//! Syncs, retention, recovery and deletion run here. Appends and reads do not: both end in the
//! page cache, and handing a small append to another thread costs more than the append
//! (`docs/performance.md`).

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{mpsc, oneshot};

use crate::machine;

type Job = Box<dyn FnOnce() + Send>;

/// Jobs that may wait for a thread; more are refused.
const QUEUE: usize = 4096;

/// The threads of one log directory. They end when this is dropped and the queue is empty.
#[derive(Clone, Debug)]
pub struct DiskThreads {
    jobs: Jobs,
}

#[derive(Clone, Debug)]
enum Jobs {
    Threads(SyncSender<Job>),
    /// A task of a simulated node.
    Task(mpsc::Sender<Job>),
}

/// The threads are gone or have more to do than they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the disk threads take no more work")]
pub struct Overloaded;

impl DiskThreads {
    /// Starts `count` threads.
    ///
    /// # Errors
    /// If the operating system has no thread to give.
    pub fn start(name: &str, count: usize) -> std::io::Result<Self> {
        if machine::disk_latency().is_some() {
            let (jobs, queue) = mpsc::channel(QUEUE);
            machine::spawn(simulate(queue));
            return Ok(Self { jobs: Jobs::Task(jobs) });
        }
        let (jobs, queue) = sync_channel::<Job>(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        for index in 0..count.max(1) {
            let queue = Arc::clone(&queue);
            thread::Builder::new()
                .name(format!("disk-{name}-{index}"))
                .spawn(move || work(&queue))?;
        }
        Ok(Self { jobs: Jobs::Threads(jobs) })
    }

    /// Runs `job` on one of the threads and waits for its result without blocking.
    ///
    /// # Errors
    /// [`Overloaded`]; the job did not run.
    pub async fn run<T, F>(&self, job: F) -> Result<T, Overloaded>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (result, done) = oneshot::channel();
        self.submit(move || {
            let _ = result.send(job());
        })?;
        done.await.map_err(|_| Overloaded)
    }

    /// Runs `job` on one of the threads, sooner or later.
    ///
    /// # Errors
    /// [`Overloaded`]; the job will not run.
    pub fn submit<F: FnOnce() + Send + 'static>(&self, job: F) -> Result<(), Overloaded> {
        match &self.jobs {
            Jobs::Threads(jobs) => match jobs.try_send(Box::new(job)) {
                Ok(()) => Ok(()),
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Overloaded),
            },
            Jobs::Task(jobs) => jobs.try_send(Box::new(job)).map_err(|_| Overloaded),
        }
    }
}

/// What a thread is in a simulated node.
async fn simulate(mut queue: mpsc::Receiver<Job>) {
    while let Some(job) = queue.recv().await {
        tokio::time::sleep(machine::disk_latency().unwrap_or_default()).await;
        job();
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn results_come_back() {
        let threads = DiskThreads::start("test", 2).unwrap();
        let (a, b) = tokio::join!(threads.run(|| 1), threads.run(|| 2));
        assert_eq!((a, b), (Ok(1), Ok(2)));
    }

    #[tokio::test]
    async fn work_beyond_the_queue_is_refused() {
        let threads = DiskThreads::start("test", 1).unwrap();
        let (release, wait) = std::sync::mpsc::channel::<()>();
        threads.submit(move || wait.recv().unwrap()).unwrap();
        let refused = (0..QUEUE + 2).find(|_| threads.submit(|| ()).is_err());
        assert!(refused.is_some());
        release.send(()).unwrap();
    }
}
