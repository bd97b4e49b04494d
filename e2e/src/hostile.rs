//! Hostile input: peers that send absurd lengths, half requests, or read slowly, and a thousand
//! idle connections. All the while an honest client goes on, and the broker's memory stays in
//! bounds.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use barnabas_wire::api::api_versions::ApiVersionsRequest;
use barnabas_wire::api::metadata::MetadataRequest;
use barnabas_wire::{Request, encode_request};

use crate::broker::Broker;
use crate::failure::{Context, Failure, Result};

/// Growth of the broker's resident memory at most, in MiB.
const GROWTH_MAX_MIB: u64 = 100;
/// What the honest client waits for one answer at most.
const HONEST_MAX: Duration = Duration::from_secs(2);
const IDLE_CONNECTIONS: usize = 1_000;
const SLOW_READERS: usize = 50;
const HALF_REQUESTS: usize = 200;
const RANDOM_FRAMES: usize = 2_000;

/// An attack on a broker: its name, and what it does while the honest client goes on.
type Attack = (&'static str, fn(SocketAddr) -> Result<Vec<TcpStream>>);

const ATTACKS: &[Attack] = &[
    ("absurd lengths", absurd_lengths),
    ("half requests", half_requests),
    ("random frames", random_frames),
    ("slow readers", slow_readers),
    ("1,000 idle connections", idle_connections),
];

/// Attacks a fresh broker of this binary in every way, one after the other.
///
/// # Errors
/// When the honest client was not served, or the broker grew or died.
pub fn run(binary: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut broker = Broker::start(binary, folder.path(), &[])?;
    let pid = broker.pid().context("the broker has ended")?;
    let honest = Honest::start(broker.address());
    let before = resident_mib(pid)?;
    let mut failed = 0;
    for (name, attack) in ATTACKS {
        let answered = honest.answered();
        let started = Instant::now();
        // The hostile connections stay open until the honest client was served beside them.
        let outcome = attack(broker.address()).and_then(|_held| honest.wait_for(answered + 20));
        let growth = resident_mib(pid)?.saturating_sub(before);
        let seconds = started.elapsed().as_secs_f64();
        match outcome {
            Ok(()) if growth <= GROWTH_MAX_MIB => {
                println!("ok    {name} ({seconds:.1} s, +{growth} MiB)");
            }
            Ok(()) => {
                failed += 1;
                println!(
                    "FAIL  {name}: grew by {growth} MiB, at most {GROWTH_MAX_MIB} are allowed"
                );
            }
            Err(error) => {
                failed += 1;
                println!("FAIL  {name}: {error}");
            }
        }
    }
    let slowest = honest.stop()?;
    broker.terminate()?;
    println!("the honest client's slowest answer took {slowest:?}");
    println!("{} passed, {failed} failed", ATTACKS.len() - failed);
    if failed > 0 {
        return Err(Failure::new("hostile input harmed the broker"));
    }
    Ok(())
}

/// Frames whose length is beyond any limit, negative or larger than what follows, each with arrays
/// that claim two thousand million elements.
fn absurd_lengths(address: SocketAddr) -> Result<Vec<TcpStream>> {
    let mut held = Vec::new();
    for length in [i32::MAX, i32::MIN, -1, 0, 1, 200 << 20, 99 << 20] {
        for body in [&b""[..], &[0, 3, 0, 9, 0, 0, 0, 1, 255, 255, 0, 255, 255, 255, 255, 15]] {
            let mut stream = connect(address)?;
            // The broker may hang up before everything is written: that is a fair answer.
            let _refused = stream.write_all(&length.to_be_bytes());
            let _refused = stream.write_all(body);
            held.push(stream);
        }
    }
    Ok(held)
}

/// Requests that never end.
fn half_requests(address: SocketAddr) -> Result<Vec<TcpStream>> {
    (0..HALF_REQUESTS)
        .map(|at| {
            let mut stream = connect(address)?;
            stream.write_all(&(64_i32 << 20).to_be_bytes())?;
            stream.write_all(&vec![0; at % 64])?;
            Ok(stream)
        })
        .collect()
}

/// Whole frames with random content behind every API's key.
fn random_frames(address: SocketAddr) -> Result<Vec<TcpStream>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..RANDOM_FRAMES {
        let length = usize::try_from(next() % 300)?;
        let mut body: Vec<u8> = (0..length).map(|_| next().to_le_bytes()[0]).collect();
        if let [first, second, third, fourth, ..] = body.as_mut_slice() {
            (*first, *second) = (0, next().to_le_bytes()[0] % 94);
            (*third, *fourth) = (0, next().to_le_bytes()[0] % 16);
        }
        let mut stream = connect(address)?;
        stream.write_all(&i32::try_from(length)?.to_be_bytes())?;
        let _refused = stream.write_all(&body);
    }
    Ok(Vec::new())
}

/// Peers that ask a lot and take nothing of the answers.
fn slow_readers(address: SocketAddr) -> Result<Vec<TcpStream>> {
    let frame = frame(1, &ApiVersionsRequest::default(), 3)?;
    (0..SLOW_READERS)
        .map(|_| {
            let mut stream = connect(address)?;
            stream.set_write_timeout(Some(Duration::from_millis(200)))?;
            let burst = frame.repeat(500);
            // The broker stops to read when its answers are not taken.
            while stream.write_all(&burst).is_ok() {}
            Ok(stream)
        })
        .collect()
}

fn idle_connections(address: SocketAddr) -> Result<Vec<TcpStream>> {
    (0..IDLE_CONNECTIONS).map(|_| connect(address)).collect()
}

/// A client that asks for metadata again and again, each time within [`HONEST_MAX`].
struct Honest {
    answered: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<Result<Duration>>,
}

impl Honest {
    fn start(address: SocketAddr) -> Self {
        let answered = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let (count, ended) = (Arc::clone(&answered), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let mut stream = connect(address)?;
            let mut slowest = Duration::ZERO;
            while !ended.load(Ordering::Relaxed) {
                let asked = Instant::now();
                ask(&mut stream)?;
                // A new connection is served as well as an old one.
                ask(&mut connect(address)?)?;
                slowest = slowest.max(asked.elapsed());
                count.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(10));
            }
            Ok(slowest)
        });
        Self { answered, stop, thread }
    }

    fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    fn wait_for(&self, count: usize) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.answered() < count {
            if self.thread.is_finished() || Instant::now() > deadline {
                return Err(Failure::new("the honest client was not served"));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn stop(self) -> Result<Duration> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| Failure::new("the honest client panicked"))?
    }
}

fn ask(stream: &mut TcpStream) -> Result<()> {
    stream.write_all(&frame(7, &MetadataRequest::default(), 9)?)?;
    let mut size = [0; 4];
    stream.read_exact(&mut size)?;
    let mut body = vec![0; usize::try_from(i32::from_be_bytes(size))?];
    stream.read_exact(&mut body)?;
    if body.get(..4) == Some(&7_i32.to_be_bytes()) {
        return Ok(());
    }
    Err(Failure::new("the honest client got somebody else's answer"))
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, HONEST_MAX)?;
    stream.set_read_timeout(Some(HONEST_MAX))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn frame<R: Request>(correlation_id: i32, request: &R, version: i16) -> Result<Vec<u8>> {
    Ok(encode_request(version, correlation_id, Some("e2e"), request)?.bytes.to_vec())
}

fn resident_mib(pid: u32) -> Result<u64> {
    let status =
        std::fs::read_to_string(format!("/proc/{pid}/status")).context("the broker has ended")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).context("no VmRSS")?;
    Ok(kib.parse::<u64>()? / 1024)
}
