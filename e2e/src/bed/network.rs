//! The network of a bed: a namespace with one bridge for the pods of all nodes, and a link to the
//! host, through which the host reaches pods and Services.

use std::fs;
use std::process::Command;

use crate::bed::address::Slot;
use crate::failure::Result;
use crate::program;

/// Builds the namespace, its bridge and its link.
///
/// # Errors
/// When `ip` refuses something.
pub fn build(slot: Slot, nodes: u8) -> Result<()> {
    let namespace = slot.namespace();
    ip(&["netns", "add", &namespace])?;
    let inside = |arguments: &[&str]| {
        let mut all = vec!["-n", namespace.as_str()];
        all.extend(arguments);
        ip(&all)
    };
    inside(&["link", "set", "lo", "up"])?;
    inside(&["link", "add", "kube0", "type", "bridge"])?;
    inside(&["address", "add", &format!("{}/16", slot.bridge()), "dev", "kube0"])?;
    for node in 1..=nodes {
        inside(&["address", "add", &format!("{}/16", slot.node(node)), "dev", "kube0"])?;
    }
    inside(&["link", "set", "kube0", "up"])?;
    // A Service address must have a route before iptables gets to see the packet.
    inside(&["route", "add", &slot.services(), "dev", "kube0"])?;

    let link = slot.host_link();
    ip(&["link", "add", &link, "type", "veth", "peer", "name", "up0", "netns", &namespace])?;
    inside(&["address", "add", &format!("{}/30", slot.uplink()), "dev", "up0"])?;
    inside(&["link", "set", "up0", "up"])?;
    ip(&["address", "add", &format!("{}/30", slot.host()), "dev", &link])?;
    ip(&["link", "set", &link, "up"])?;
    let uplink = slot.uplink().to_string();
    ip(&["route", "add", &slot.pods(), "via", &uplink])?;
    ip(&["route", "add", &slot.services(), "via", &uplink])?;

    for setting in [
        "net/ipv4/ip_forward=1",
        "net/bridge/bridge-nf-call-iptables=1",
        "net/ipv4/conf/all/rp_filter=0",
    ] {
        let Some((key, value)) = setting.split_once('=') else { continue };
        let write = format!("echo {value} > /proc/sys/{key}");
        program::output(inside_of(slot, "sh").args(["-c", &write]))?;
    }
    resolver(slot)
}

/// A command that runs inside the namespace of a bed.
///
/// `nsenter`, because `ip netns exec` would hide the control groups behind a new `/sys`.
pub fn inside_of(slot: Slot, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/run/netns/{}", slot.namespace())).arg("--").arg(program);
    command
}

/// Removes what `build` made. Whatever is already gone is no failure.
pub fn remove(slot: Slot) {
    let _gone = ip(&["link", "delete", &slot.host_link()]);
    let _gone = ip(&["netns", "delete", &slot.namespace()]);
    let _gone = fs::remove_dir_all(format!("/etc/netns/{}", slot.namespace()));
}

/// `ip netns exec NAMESPACE PROGRAM` finds the cluster's names by this file.
fn resolver(slot: Slot) -> Result<()> {
    let folder = format!("/etc/netns/{}", slot.namespace());
    fs::create_dir_all(&folder)?;
    let content = format!(
        "nameserver {}\nsearch svc.cluster.local cluster.local\noptions ndots:5\n",
        slot.dns_service()
    );
    fs::write(format!("{folder}/resolv.conf"), content)?;
    Ok(())
}

fn ip(arguments: &[&str]) -> Result<()> {
    program::output(Command::new("ip").args(arguments)).map(|_| ())
}
