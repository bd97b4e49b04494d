//! The machine under a node: its clock, disk and network, and what runs code.
//!
//! Tasks, threads and randomness are tokio's and the operating system's. A simulated node lives in
//! a [`Sandbox`]: everything that it starts is a task of the one runtime of the simulation, its
//! random numbers come from a seed, and all of it ends at once when the node crashes.

use std::fmt::{self, Debug, Formatter};
use std::future::{Future, poll_fn};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use barnabas_storage::{Disk, RealDisk};
use rand::distr::{Distribution, StandardUniform};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::task::{AbortHandle, JoinHandle};

use crate::clock::{Clock, SystemClock};
use crate::net::{Network, TcpNetwork};
use crate::peer::{Dialer, TcpDialer};

/// What a node has of the world around it.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The disk.
    pub disk: Arc<dyn Disk>,
    /// The network, for those who connect to the node.
    pub network: Arc<dyn Network>,
    /// The network, for connections of the node.
    pub dialer: Arc<dyn Dialer>,
}

impl Machine {
    /// This machine.
    #[must_use]
    pub fn real() -> Self {
        Self {
            clock: Arc::new(SystemClock::default()),
            disk: Arc::new(RealDisk),
            network: Arc::new(TcpNetwork),
            dialer: Arc::new(TcpDialer),
        }
    }
}

tokio::task_local! {
    static CURRENT: Sandbox;
}

/// Starts a task of this node.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    match current() {
        Some(sandbox) => sandbox.spawn(future),
        None => tokio::spawn(future),
    }
}

/// Runs a future that blocks on disks in a thread of its own.
///
/// # Errors
/// If the operating system has no thread to give.
pub fn spawn_thread<F>(name: &str, future: F) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    if let Some(sandbox) = current() {
        sandbox.spawn(future);
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let body = move || runtime.block_on(future);
    thread::Builder::new().name(name.to_owned()).spawn(body)?;
    Ok(())
}

/// The future, with what it starts belonging to this node. For tasks that are not started with
/// [`spawn`], such as those of a `JoinSet`.
pub fn inherit<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let sandbox = current();
    async move {
        match sandbox {
            Some(sandbox) => sandbox.inside(future).await,
            None => future.await,
        }
    }
}

/// A random number; the simulation's in a simulated node.
pub fn random<T>() -> T
where
    StandardUniform: Distribution<T>,
{
    match current() {
        Some(sandbox) => sandbox.random().random(),
        None => rand::random(),
    }
}

/// How long an operation takes that waits for the disk; `None` on a real machine, where it takes
/// as long as it does.
pub(crate) fn disk_latency() -> Option<Duration> {
    current().map(|sandbox| (sandbox.inner.latency)())
}

fn current() -> Option<Sandbox> {
    CURRENT.try_with(Sandbox::clone).ok()
}

/// One simulated node: its tasks and its random numbers. Clones share it.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    tasks: Mutex<Tasks>,
    random: Mutex<StdRng>,
    latency: Box<dyn Fn() -> Duration + Send + Sync>,
}

#[derive(Default)]
struct Tasks {
    handles: Vec<AbortHandle>,
    /// Above this many, those that have ended are forgotten.
    sweep_at: usize,
    ended: bool,
    paused: bool,
    /// Those that wanted to run while paused.
    halted: Vec<Waker>,
}

impl Sandbox {
    /// A node that has started nothing. `latency` tells how long each operation takes that has to
    /// wait for the disk.
    #[must_use]
    pub fn new(seed: u64, latency: Box<dyn Fn() -> Duration + Send + Sync>) -> Self {
        let random = Mutex::new(StdRng::seed_from_u64(seed));
        Self { inner: Arc::new(Inner { tasks: Mutex::default(), random, latency }) }
    }

    /// Starts a task inside.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let handle = tokio::spawn(self.inside(future));
        let mut tasks = self.tasks();
        if tasks.ended {
            handle.abort();
            return handle;
        }
        tasks.handles.push(handle.abort_handle());
        if tasks.handles.len() > tasks.sweep_at {
            tasks.handles.retain(|task| !task.is_finished());
            tasks.sweep_at = 64 + tasks.handles.len() * 2;
        }
        handle
    }

    /// Stops everything inside until [`Sandbox::resume`], as SIGSTOP does. Time goes on.
    pub fn pause(&self) {
        self.tasks().paused = true;
    }

    /// Lets everything inside go on.
    pub fn resume(&self) {
        let mut tasks = self.tasks();
        tasks.paused = false;
        for waker in std::mem::take(&mut tasks.halted) {
            waker.wake();
        }
    }

    /// Ends everything inside; none of it runs again.
    pub fn kill(&self) {
        let mut tasks = self.tasks();
        tasks.ended = true;
        for task in tasks.handles.drain(..) {
            task.abort();
        }
    }

    fn inside<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        let sandbox = self.clone();
        let mut future = Box::pin(CURRENT.scope(self.clone(), future));
        poll_fn(move |cx| {
            let mut tasks = sandbox.tasks();
            if tasks.paused {
                tasks.halted.push(cx.waker().clone());
                return Poll::Pending;
            }
            drop(tasks);
            future.as_mut().poll(cx)
        })
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn random(&self) -> MutexGuard<'_, StdRng> {
        self.inner.random.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Debug for Sandbox {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("tasks", &self.tasks().handles.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sandbox(seed: u64) -> Sandbox {
        Sandbox::new(seed, Box::new(|| Duration::from_millis(1)))
    }

    /// Lets every task run until it waits: this is their only thread.
    async fn all_run() {
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
    }

    async fn forever() {
        spawn(std::future::pending::<()>());
        std::future::pending::<()>().await;
    }

    #[tokio::test]
    async fn everything_inside_ends_with_the_node() {
        let sandbox = sandbox(1);
        let mut direct = tokio::task::JoinSet::new();
        sandbox.spawn(async move {
            direct.spawn(inherit(forever()));
            spawn_thread("thread", forever()).unwrap();
            forever().await;
        });
        all_run().await;
        let metrics = tokio::runtime::Handle::current().metrics();
        assert_eq!(metrics.num_alive_tasks(), 6);
        sandbox.kill();
        sandbox.spawn(forever());
        all_run().await;
        assert_eq!(metrics.num_alive_tasks(), 0);
    }

    #[tokio::test]
    async fn nothing_inside_runs_while_it_is_paused() {
        let sandbox = sandbox(1);
        sandbox.pause();
        let task = sandbox.spawn(async { 7 });
        all_run().await;
        assert!(!task.is_finished());
        sandbox.resume();
        assert_eq!(task.await.unwrap(), 7);
    }

    #[tokio::test]
    async fn randomness_comes_from_the_seed() {
        let draw = |seed| sandbox(seed).spawn(async { random::<u64>() });
        assert_eq!(draw(1).await.unwrap(), draw(1).await.unwrap());
        assert_ne!(draw(1).await.unwrap(), draw(2).await.unwrap());
    }
}
