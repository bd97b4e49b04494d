//! The load in a process of its own: for clusters whose names only resolve elsewhere.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Load, Options, Outcome};
use crate::failure::{Context, Failure, Result};

/// How long all partitions may take to acknowledge again.
const RESUMED_MAX: Duration = Duration::from_secs(90);
const STARTED: &str = "started";

/// A load in another process.
pub struct Remote {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Remote {
    /// Starts the process and waits until records flow.
    ///
    /// # Errors
    /// When they do not.
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context(command.get_program().to_string_lossy())?;
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("no pipe from the load")?);
        let mut remote = Self { child, orders, answers };
        let line = remote.answer()?;
        if line != STARTED {
            return Err(Failure::new(line));
        }
        Ok(remote)
    }

    /// Waits until all partitions acknowledge, and returns the longest time that a record has
    /// waited since the last mark.
    ///
    /// # Errors
    /// When they do not.
    pub fn mark(&mut self) -> Result<Duration> {
        let orders = self.orders.as_mut().context("the load is over")?;
        orders.write_all(b"mark\n")?;
        let line = self.answer()?;
        let micros = line.parse().map_err(|_| Failure::new(line))?;
        Ok(Duration::from_micros(micros))
    }

    /// As [`Load::finish`].
    ///
    /// # Errors
    /// As [`Load::finish`].
    pub fn finish(mut self) -> Result<Outcome> {
        self.orders = None;
        let line = self.answer()?;
        serde_json::from_str(&line).map_err(|_| Failure::new(line))
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // It ends by itself after the last answer.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// The other side: a load that is told on the standard input what to do.
///
/// # Errors
/// When it cannot be started or judged.
pub fn serve(options: &Options) -> Result<()> {
    let load = Load::start(options)?;
    println!("{STARTED}");
    let mut marked = Instant::now();
    for _order in std::io::stdin().lines().map_while(std::io::Result::ok) {
        match load.await_resumed(load.partitions(), Instant::now(), RESUMED_MAX) {
            Ok(_) => {
                let now = Instant::now();
                println!("{}", load.longest_wait(load.partitions(), marked, now).as_micros());
                marked = now;
            }
            Err(error) => println!("{error}"),
        }
    }
    println!("{}", serde_json::to_string(&load.finish()?)?);
    Ok(())
}
