//! What consuming costs without a broker: a server that does nothing but `sendfile`, read by those
//! clients that read the brokers.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tempfile::TempDir;

use crate::bench::measure::{Figures, GB, as_f64, name};
use crate::failure::{Context, Failure, Result};
use crate::kafka::Connection;
use crate::usage;

/// As many files as the topics under load have partitions.
const FILES: usize = crate::bench::load::PARTITIONS as usize;
const FILE_BYTES: u64 = 256 << 20;
/// What a consumer asks of one partition at a time by default (`max.partition.fetch.bytes`).
const RANGE_BYTES: u64 = 1 << 20;
/// What our broker has by default (`socket.send.buffer.bytes`): more costs more here.
const SEND_BUFFER_BYTES: usize = 256 << 10;
/// Records come in batches of 64 KiB, and the page cache holds them as they were written.
const WRITE_BYTES: usize = 65_605;
const CONNECTIONS: usize = 2;
/// How often each file is read.
const PASSES: u64 = 2;

/// Seconds of CPU per gigabyte.
///
/// # Errors
/// When a file or a connection fails.
pub(super) fn floor() -> Result<Figures> {
    let folder = TempDir::with_prefix("barnabas-e2e-")?;
    let files: Vec<PathBuf> =
        (0..FILES).map(|index| folder.path().join(index.to_string())).collect();
    for file in &files {
        fill(file)?;
    }
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?.to_string();
    let (cpu, bytes) = std::thread::scope(|scope| {
        let mut servers = Vec::new();
        let mut clients = Vec::new();
        for connection in 0..CONNECTIONS {
            clients.push(scope.spawn(|| read(&address)));
            let (stream, _) = listener.accept()?;
            let own: Vec<&Path> =
                files.iter().skip(connection).step_by(CONNECTIONS).map(PathBuf::as_path).collect();
            servers.push(scope.spawn(move || serve(stream, &own)));
        }
        let panicked = |_| Failure::new("a thread panicked");
        let mut bytes = 0;
        for client in clients {
            bytes += client.join().map_err(panicked)??;
        }
        let mut cpu = 0.0;
        for server in servers {
            cpu += server.join().map_err(panicked)??;
        }
        Ok::<_, Failure>((cpu, bytes))
    })?;
    Ok(Figures::from([(name::CONSUME_FLOOR, cpu / (as_f64(bytes) / GB))]))
}

fn fill(path: &Path) -> Result<()> {
    let mut file = File::create(path)?;
    let block = vec![0x5a; WRITE_BYTES];
    let mut left = usize::try_from(FILE_BYTES)?;
    while left > 0 {
        let count = left.min(WRITE_BYTES);
        file.write_all(block.get(..count).unwrap_or_default())?;
        left -= count;
    }
    Ok(())
}

/// Answers each request with the next range of every file, and then closes; the CPU it took.
fn serve(mut stream: TcpStream, paths: &[&Path]) -> Result<f64> {
    let files: Vec<File> = paths.iter().map(File::open).collect::<std::io::Result<_>>()?;
    stream.set_nodelay(true)?;
    rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER_BYTES)?;
    let size = u32::try_from(RANGE_BYTES * files.len() as u64)?.to_be_bytes();
    let before = usage::thread_cpu_seconds()?;
    for _ in 0..PASSES {
        for start in (0..FILE_BYTES).step_by(usize::try_from(RANGE_BYTES)?) {
            stream.set_nonblocking(false)?;
            stream.read_exact(&mut [0])?;
            stream.write_all(&size)?;
            stream.set_nonblocking(true)?;
            for file in &files {
                send(&stream, file, start)?;
            }
        }
    }
    Ok(usage::thread_cpu_seconds()? - before)
}

fn send(stream: &TcpStream, file: &File, start: u64) -> Result<()> {
    let mut position = start;
    while position < start + RANGE_BYTES {
        let left = usize::try_from(start + RANGE_BYTES - position)?;
        match rustix::fs::sendfile(stream, file, Some(&mut position), left) {
            Ok(_) => {}
            // As a broker waits: woken when a third of the buffer is free, not for every page.
            Err(Errno::AGAIN) => {
                poll(&mut [PollFd::new(stream, PollFlags::OUT)], None)?;
            }
            Err(error) => return Err(error).context("sendfile"),
        }
    }
    Ok(())
}

/// Asks until the server closes the connection; how many bytes came.
fn read(address: &str) -> Result<u64> {
    let mut connection = Connection::open(address)?;
    let mut bytes = 0;
    for _ in 0..PASSES * FILE_BYTES / RANGE_BYTES {
        connection.send(&[0])?;
        bytes += connection.receive_bytes()?.len() as u64;
    }
    Ok(bytes)
}
