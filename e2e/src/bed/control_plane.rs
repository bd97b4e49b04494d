//! etcd, the API server, the controller manager, the scheduler, kube-proxy and DNS: one process of
//! each, in the namespace of the bed.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::bed::Layout;
use crate::bed::network::inside_of;
use crate::bed::pki::{Authority, Subject};
use crate::failure::{Context, Failure, Result};
use crate::program::{self, Daemon};

/// Issues the certificates of everybody but the kubelets.
///
/// # Errors
/// When a file cannot be written.
pub fn certificates(layout: &Layout, authority: &Authority) -> Result<()> {
    let slot = layout.slot;
    let serving = Subject {
        file: "apiserver",
        common_name: "kube-apiserver",
        organization: Some("system:masters"),
        names: &[
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
        ],
        addresses: &[
            std::net::Ipv4Addr::LOCALHOST,
            slot.bridge(),
            slot.uplink(),
            slot.api_service(),
        ],
    };
    authority.issue(&serving)?;
    for (file, user, group) in [
        ("admin", "admin", Some("system:masters")),
        ("manager", "system:kube-controller-manager", None),
        ("scheduler", "system:kube-scheduler", None),
        ("proxy", "system:kube-proxy", None),
    ] {
        authority.issue(&Subject {
            file,
            common_name: user,
            organization: group,
            names: &[],
            addresses: &[],
        })?;
        authority.kubeconfig(file, &layout.server())?;
    }
    Ok(())
}

/// Starts etcd and the API server and waits until it serves.
///
/// # Errors
/// When a program cannot be started, or the API server does not serve within a minute.
pub fn start_api(layout: &Layout) -> Result<Vec<Daemon>> {
    let mut etcd = inside_of(layout.slot, "etcd");
    etcd.arg("--data-dir").arg(layout.dir("etcd")?).args([
        "--unsafe-no-fsync",
        "--listen-client-urls=http://127.0.0.1:2379",
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--initial-advertise-peer-urls=http://127.0.0.1:2380",
        "--initial-cluster=default=http://127.0.0.1:2380",
        "--quota-backend-bytes=4294967296",
    ]);
    let etcd = Daemon::start("etcd", &mut etcd, &layout.logs())?;
    let server = Daemon::start("kube-apiserver", &mut api_server(layout), &layout.logs())?;
    wait_until_ready(layout, &server)?;
    Ok(vec![etcd, server])
}

/// Starts what needs a serving API server.
///
/// # Errors
/// When a program cannot be started.
pub fn start_controllers(layout: &Layout) -> Result<Vec<Daemon>> {
    let pki = layout.pki();
    let logs = layout.logs();
    let mut manager = layout.kubernetes("kube-controller-manager");
    manager.args(flags(&[
        ("kubeconfig", pki.join("manager.kubeconfig").as_path()),
        ("service-account-private-key-file", &pki.join("accounts.key")),
        ("root-ca-file", &pki.join("ca.crt")),
        ("cluster-signing-cert-file", &pki.join("ca.crt")),
        ("cluster-signing-key-file", &pki.join("ca.key")),
    ]));
    manager.args([
        "--use-service-account-credentials",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        "--node-monitor-period=1s",
        "--node-monitor-grace-period=10s",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]);
    let mut scheduler = layout.kubernetes("kube-scheduler");
    scheduler.args(flags(&[("kubeconfig", &pki.join("scheduler.kubeconfig"))]));
    scheduler.args(["--leader-elect=false", "--bind-address=127.0.0.1"]);
    let mut proxy = layout.kubernetes("kube-proxy");
    proxy.arg("--config").arg(proxy_config(layout)?);
    let mut dns = layout.kubernetes("coredns");
    dns.arg("-conf").arg(dns_config(layout)?);
    let mut daemons = Vec::new();
    for (name, mut command) in [
        ("kube-controller-manager", manager),
        ("kube-scheduler", scheduler),
        ("kube-proxy", proxy),
        ("coredns", dns),
    ] {
        daemons.push(Daemon::start(name, &mut command, &logs)?);
    }
    Ok(daemons)
}

fn api_server(layout: &Layout) -> Command {
    let slot = layout.slot;
    let pki = layout.pki();
    let mut server = layout.kubernetes("kube-apiserver");
    server.args(flags(&[
        ("client-ca-file", pki.join("ca.crt").as_path()),
        ("tls-cert-file", &pki.join("apiserver.crt")),
        ("tls-private-key-file", &pki.join("apiserver.key")),
        ("kubelet-certificate-authority", &pki.join("ca.crt")),
        ("kubelet-client-certificate", &pki.join("apiserver.crt")),
        ("kubelet-client-key", &pki.join("apiserver.key")),
        ("service-account-key-file", &pki.join("accounts.pub")),
        ("service-account-signing-key-file", &pki.join("accounts.key")),
    ]));
    server.args([
        "--etcd-servers=http://127.0.0.1:2379",
        "--bind-address=0.0.0.0",
        "--secure-port=6443",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--kubelet-preferred-address-types=InternalIP",
        "--allow-privileged=true",
        "--enable-priority-and-fairness=false",
    ]);
    server.arg(format!("--advertise-address={}", slot.bridge()));
    server.arg(format!("--service-cluster-ip-range={}", slot.services()));
    server
}

fn wait_until_ready(layout: &Layout, server: &Daemon) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let mut ready = layout.kubectl();
        ready.args(["get", "--raw", "/readyz", "--request-timeout=2s"]);
        match program::output(&mut ready) {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > deadline => {
                return Err(error).context("the API server does not get ready");
            }
            Err(_) if !server.is_alive() => {
                return Err(Failure::new(format!(
                    "the API server ended: see {}",
                    layout.logs().join("kube-apiserver.log").display()
                )));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn proxy_config(layout: &Layout) -> Result<std::path::PathBuf> {
    let path = layout.dir("config")?.join("proxy.yaml");
    let kubeconfig = layout.pki().join("proxy.kubeconfig");
    let content = format!(
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {{kubeconfig: {}}}
mode: iptables
hostnameOverride: node1
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
iptables: {{minSyncPeriod: 100ms}}
conntrack: {{maxPerCore: 0, min: 0, tcpCloseWaitTimeout: 0s, tcpEstablishedTimeout: 0s}}
",
        kubeconfig.display()
    );
    fs::write(&path, content)?;
    Ok(path)
}

fn dns_config(layout: &Layout) -> Result<std::path::PathBuf> {
    let path = layout.dir("config")?.join("Corefile");
    let content = format!(
        ".:53 {{
    bind {}
    errors
    kubernetes cluster.local {{
        kubeconfig {}
        ttl 1
    }}
}}
",
        layout.slot.bridge(),
        layout.pki().join("admin.kubeconfig").display()
    );
    fs::write(&path, content)?;
    Ok(path)
}

fn flags(pairs: &[(&str, &Path)]) -> Vec<String> {
    pairs.iter().map(|(name, path)| format!("--{name}={}", path.display())).collect()
}
