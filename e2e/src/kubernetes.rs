//! A Kubernetes to deploy to, through `kubectl` and `helm` as a person would use it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bed::{Bed, binaries};
use crate::failure::{Context, Failure, Result};
use crate::{fail, program};

/// A cluster and the programs to reach it.
#[derive(Clone, Debug)]
pub struct Kubernetes {
    kubeconfig: Option<PathBuf>,
    programs: PathBuf,
}

impl Kubernetes {
    /// The one of a bed.
    pub fn of(bed: &Bed) -> Self {
        Self { kubeconfig: Some(bed.kubeconfig()), programs: bed.programs().to_owned() }
    }

    /// The one that `KUBECONFIG` (or `~/.kube/config`) points to.
    ///
    /// # Errors
    /// When kubectl and helm are not there and cannot be built.
    pub fn current() -> Result<Self> {
        Ok(Self { kubeconfig: None, programs: binaries::folder()? })
    }

    /// A client of its API, for what kubectl does not do.
    ///
    /// # Errors
    /// When the credentials cannot be read.
    pub async fn client(&self) -> Result<kube::Client> {
        let options = kube::config::KubeConfigOptions::default();
        let config = match &self.kubeconfig {
            Some(path) => {
                let kubeconfig = kube::config::Kubeconfig::read_from(path)?;
                kube::Config::from_custom_kubeconfig(kubeconfig, &options).await?
            }
            None => kube::Config::from_kubeconfig(&options).await?,
        };
        Ok(kube::Client::try_from(config)?)
    }

    /// The name of the current context.
    ///
    /// # Errors
    /// When there is none.
    pub fn context(&self) -> Result<String> {
        let context = self.kubectl(&["config", "current-context"])?;
        Ok(context.trim().to_owned())
    }

    /// Runs kubectl and returns what it printed.
    ///
    /// # Errors
    /// When it fails; the failure holds what it said.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        program::output(self.command("kubectl").args(arguments))
    }

    /// Runs helm and returns what it printed.
    ///
    /// # Errors
    /// When it fails; the failure holds what it said.
    pub fn helm(&self, arguments: &[&str]) -> Result<String> {
        program::output(self.command("helm").args(arguments))
    }

    /// Applies a manifest in a namespace.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub fn apply(&self, namespace: &str, manifest: &str) -> Result<String> {
        let mut apply = self.command("kubectl");
        apply.args(["apply", "-n", namespace, "-f", "-"]);
        program::output_with_input(&mut apply, manifest.as_bytes())
    }

    /// Applies what a file, or the files of a folder, hold.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub fn apply_path(&self, namespace: &str, path: &Path) -> Result<String> {
        let path = path.display().to_string();
        self.kubectl(&["apply", "--server-side", "-n", namespace, "-f", &path])
    }

    /// Creates a namespace in which only pods of the strictest profile may run.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub fn restricted_namespace(&self, name: &str) -> Result<()> {
        let manifest = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": name,
                "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
            },
        });
        self.apply(name, &manifest.to_string()).map(|_| ())
    }

    /// An object, or nothing if it does not exist.
    ///
    /// # Errors
    /// When kubectl fails.
    pub fn get(&self, namespace: &str, object: &str) -> Result<Option<Value>> {
        let arguments = ["get", "-n", namespace, object, "--ignore-not-found", "-o", "json"];
        let printed = self.kubectl(&arguments)?;
        if printed.trim().is_empty() {
            return Ok(None);
        }
        Ok(Some(serde_json::from_str(&printed)?))
    }

    /// Waits until an object has a condition, as `kubectl wait --for=condition=` does.
    ///
    /// # Errors
    /// When it does not get it within `limit`; the failure holds the object's status.
    pub fn wait(
        &self,
        namespace: &str,
        object: &str,
        condition: &str,
        limit: Duration,
    ) -> Result<()> {
        let limit = format!("--timeout={}s", limit.as_secs());
        let condition = format!("--for=condition={condition}");
        let waited = self.kubectl(&["wait", "-n", namespace, object, &condition, &limit]);
        if let Err(error) = waited {
            let status = self.get(namespace, object)?.map_or(Value::Null, |o| o["status"].clone());
            fail!("{error}\nstatus of {object}: {status:#}\n{}", self.events(namespace));
        }
        Ok(())
    }

    /// Waits until something holds of the cluster.
    ///
    /// # Errors
    /// When it does not within `limit`, or the look fails for so long.
    pub fn until(
        &self,
        what: &str,
        limit: Duration,
        mut holds: impl FnMut() -> Result<bool>,
    ) -> Result<Duration> {
        let begun = Instant::now();
        loop {
            let held = holds();
            if matches!(held, Ok(true)) {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > limit {
                let why = held.err().map(|error| format!(": {error}")).unwrap_or_default();
                fail!("after {} s still not: {what}{why}", limit.as_secs());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Forwards a port of a pod or Service to this host for as long as the result lives.
    ///
    /// # Errors
    /// When kubectl cannot forward it.
    pub fn forward(&self, namespace: &str, object: &str, port: u16) -> Result<Forward> {
        let mut kubectl = self.command("kubectl");
        kubectl.args(["port-forward", "-n", namespace, object, &format!(":{port}")]);
        let mut child =
            kubectl.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let output = child.stdout.take().context("no pipe from kubectl")?;
        let mut forward = Forward { child, address: String::new() };
        let mut line = String::new();
        let mut output = BufReader::new(output);
        output.read_line(&mut line)?;
        // It goes on to print, and would end if nobody read. The thread ends with it.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        // "Forwarding from 127.0.0.1:43210 -> 9092"
        let address = line.split_whitespace().nth(2).filter(|_| line.starts_with("Forwarding"));
        address
            .context(format!("kubectl does not forward {object}: {}", line.trim()))?
            .clone_into(&mut forward.address);
        Ok(forward)
    }

    fn events(&self, namespace: &str) -> String {
        self.kubectl(&["get", "events,pods", "-n", namespace, "--sort-by=.metadata.name"])
            .unwrap_or_else(|error| error.to_string())
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        if let Some(kubeconfig) = &self.kubeconfig {
            command.env("KUBECONFIG", kubeconfig);
        }
        command
    }
}

/// A forwarded port.
pub struct Forward {
    child: Child,
    address: String,
}

impl Forward {
    /// Where it is reached on this host.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        // It may have ended with the pod.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// The value of a condition of an object.
///
/// # Errors
/// When it has no such condition.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Result<&'a Value> {
    object["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == kind)
        .ok_or_else(|| Failure::new(format!("no condition {kind}: {}", object["status"])))
}
