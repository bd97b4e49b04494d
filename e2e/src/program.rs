//! Other people's programs: run one to its end, or start one that stays.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::failure::{Context, Failure, Result};

/// How much of a failed program's output is repeated in the failure.
const TAIL_BYTES: usize = 4096;

/// Runs a program to its end and returns what it printed.
///
/// # Errors
/// When it cannot be started or ends with another status than 0; the failure holds the end of its
/// output.
pub fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command.stdin(Stdio::null()).output().context(&shown)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let all = format!("{text}{}", String::from_utf8_lossy(&output.stderr));
    Err(Failure::new(format!("{shown}: {}\n{}", output.status, tail(&all))))
}

/// Runs a program to its end, feeding it `input`, and returns what it printed.
///
/// # Errors
/// As [`output`].
pub fn output_with_input(command: &mut Command, input: &[u8]) -> Result<String> {
    let shown = shown(command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context(&shown)?;
    let mut stdin = child.stdin.take().context("no pipe to the program")?;
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().context(&shown)?;
    let written = writer.join().map_err(|_| Failure::new("the writing thread panicked"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        written.context(&shown)?;
        return Ok(text);
    }
    let all = format!("{text}{}", String::from_utf8_lossy(&output.stderr));
    Err(Failure::new(format!("{shown}: {}\n{}", output.status, tail(&all))))
}

/// Runs a program to its end; what it prints goes to our own output.
///
/// # Errors
/// When it cannot be started or ends with another status than 0.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command.stdin(Stdio::null()).status().context(&shown)?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("{shown}: {status}")))
}

/// Is there a program of this name on the path?
pub fn exists(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin", "/usr/local/sbin"];
    std::env::split_paths(&path)
        .chain(system.iter().map(Into::into))
        .any(|folder| folder.join(name).is_file())
}

/// A process that stays after the command that started it. Its start time guards against a process
/// id that was given to somebody else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Daemon {
    /// What it is called in `status`, and the name of its log.
    pub name: String,
    /// Its process id.
    pub pid: u32,
    /// Field 22 of `/proc/PID/stat`: clock ticks after boot.
    pub started: u64,
}

impl Daemon {
    /// Starts `command` in its own process group with its output in `logs/NAME.log`.
    ///
    /// # Errors
    /// When the log cannot be opened or the program not started.
    pub fn start(name: &str, command: &mut Command, logs: &Path) -> Result<Self> {
        let log = log_file(logs, name)?;
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_program(command)?;
        let pid = child.id();
        let started = start_time(pid).context(format!("{name} ended at once"))?;
        Ok(Self { name: name.to_owned(), pid, started })
    }

    /// Is this very process still running?
    pub fn is_alive(&self) -> bool {
        start_time(self.pid) == Some(self.started) && !is_zombie(self.pid)
    }

    /// Sends a signal, if it is still this very process.
    pub fn signal(&self, signal: rustix::process::Signal) {
        if self.is_alive() {
            signal_process(self.pid, signal);
        }
    }
}

trait WithProgram<T> {
    fn with_program(self, command: &Command) -> Result<T>;
}

impl<T> WithProgram<T> for std::io::Result<T> {
    fn with_program(self, command: &Command) -> Result<T> {
        self.context(shown(command))
    }
}

/// Sends a signal to a process that is known to be ours.
pub fn signal_process(pid: u32, signal: rustix::process::Signal) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended by itself in the meantime: that is what is wanted.
        let _ended = rustix::process::kill_process(pid, signal);
    }
}

fn log_file(logs: &Path, name: &str) -> Result<File> {
    std::fs::create_dir_all(logs)?;
    let path = logs.join(format!("{name}.log"));
    OpenOptions::new().create(true).append(true).open(&path).context(path.display())
}

fn start_time(pid: u32) -> Option<u64> {
    stat_fields(pid)?.get(19)?.parse().ok()
}

fn is_zombie(pid: u32) -> bool {
    stat_fields(pid).is_none_or(|fields| fields.first().is_some_and(|state| state == "Z"))
}

/// The fields of `/proc/PID/stat` from the third (the state) on.
fn stat_fields(pid: u32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|arg| arg.to_string_lossy().into_owned()));
    let mut line = words.join(" ");
    if line.len() > 200 {
        let end = (0..=200).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        line.truncate(end);
        line.push('…');
    }
    line
}

fn tail(text: &str) -> &str {
    let start = text.len().saturating_sub(TAIL_BYTES);
    let start = (start..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text[start..].trim_end()
}
