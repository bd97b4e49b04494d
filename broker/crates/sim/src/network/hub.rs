//! The state of the network: hosts, links, ports and connections.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use barnabas_storage::SimDisk;
use bytes::Bytes;
use tokio::time::Instant;

use super::pipe::{Found, Pipe};
use super::tap::{Heard, Tap};
use crate::host::CONTROLLER_PORT;
use crate::random::Random;
use crate::trace::Trace;

/// How many milliseconds bytes take where nothing else is said.
const DELAY_MS: Range<u64> = 0..2;
/// First of the ports that clients are given.
const EPHEMERAL: u16 = 32_768;

#[derive(Debug)]
pub(super) struct Hub {
    random: Random,
    trace: Trace,
    disks: BTreeMap<IpAddr, SimDisk>,
    off: BTreeSet<IpAddr>,
    cuts: BTreeSet<(IpAddr, IpAddr)>,
    delays: BTreeMap<(IpAddr, IpAddr), Range<u64>>,
    ports: BTreeMap<SocketAddr, Port>,
    connections: BTreeMap<u64, Connection>,
    next_id: u64,
    heard: Vec<Heard>,
}

#[derive(Debug)]
struct Port {
    id: u64,
    /// Whether connections are taken.
    listens: bool,
    waiting: VecDeque<(u64, SocketAddr)>,
    acceptor: Option<Waker>,
}

/// Side 0 connected, side 1 accepted.
#[derive(Debug)]
struct Connection {
    hosts: [IpAddr; 2],
    /// To each side.
    pipes: [Pipe; 2],
    /// When each side hears that the connection is broken.
    reset: [Option<Instant>; 2],
    /// Sides that do not exist any more.
    gone: [bool; 2],
    /// Reads along, if it leads to a controller.
    tap: Option<Tap>,
}

/// What became of a knock.
pub(super) enum Attempt {
    Connected(u64),
    Refused,
    Unanswered,
}

/// What a side may do now.
pub(super) enum Turn<T> {
    Done(T),
    At(Instant),
    Wait,
}

impl Hub {
    pub(super) fn new(random: Random, trace: Trace) -> Self {
        Self {
            random,
            trace,
            disks: BTreeMap::new(),
            off: BTreeSet::new(),
            cuts: BTreeSet::new(),
            delays: BTreeMap::new(),
            ports: BTreeMap::new(),
            connections: BTreeMap::new(),
            next_id: 0,
            heard: Vec::new(),
        }
    }

    pub(super) fn heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.heard)
    }

    pub(super) fn attach_disk(&mut self, host: IpAddr, disk: SimDisk) {
        self.disks.insert(host, disk);
    }

    pub(super) fn power_off(&mut self, host: IpAddr) {
        self.off.insert(host);
        self.close_ports(host);
        for connection in self.connections.values_mut() {
            for side in 0..2 {
                if connection.hosts[side] == host {
                    connection.gone[side] = true;
                }
            }
        }
        self.forget_gone();
    }

    pub(super) fn power_on(&mut self, host: IpAddr) {
        self.off.remove(&host);
    }

    pub(super) fn reset_host(&mut self, host: IpAddr) {
        self.close_ports(host);
        let now = Instant::now();
        let ids: Vec<u64> = self.connections.keys().copied().collect();
        for id in ids {
            let hosts = self.connections[&id].hosts;
            for side in 0..2 {
                if hosts[side] == host {
                    let cut = self.is_cut(host, hosts[1 - side]);
                    let at = now + self.latency(host, hosts[1 - side]);
                    if let Some(connection) = self.connections.get_mut(&id) {
                        connection.gone[side] = true;
                        if !cut {
                            connection.break_for(1 - side, at);
                        }
                    }
                }
            }
        }
        self.forget_gone();
    }

    pub(super) fn reset_between(&mut self, a: IpAddr, b: IpAddr) {
        let now = Instant::now();
        for connection in self.connections.values_mut() {
            if connection.hosts == [a, b] || connection.hosts == [b, a] {
                connection.break_for(0, now);
                connection.break_for(1, now);
            }
        }
    }

    pub(super) fn cut(&mut self, from: IpAddr, to: IpAddr) {
        self.cuts.insert((from, to));
    }

    pub(super) fn is_cut(&self, from: IpAddr, to: IpAddr) -> bool {
        self.cuts.contains(&(from, to))
    }

    pub(super) fn heal(&mut self) {
        let cuts = std::mem::take(&mut self.cuts);
        self.delays.clear();
        let now = Instant::now();
        for connection in self.connections.values_mut() {
            for side in 0..2 {
                let link = (connection.hosts[1 - side], connection.hosts[side]);
                if cuts.contains(&link) {
                    let until = now + self.random.millis(0..400);
                    connection.pipes[side].postpone(until);
                }
                connection.pipes[side].wake();
            }
        }
    }

    pub(super) fn delay(&mut self, from: IpAddr, to: IpAddr, millis: Range<u64>) {
        self.delays.insert((from, to), millis);
    }

    pub(super) fn round_trip(&self, a: IpAddr, b: IpAddr) -> Duration {
        self.latency(a, b) + self.latency(b, a)
    }

    pub(super) fn claim(&mut self, address: SocketAddr) -> io::Result<u64> {
        if self.ports.contains_key(&address) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        self.next_id += 1;
        let id = self.next_id;
        let port = Port { id, listens: false, waiting: VecDeque::new(), acceptor: None };
        self.ports.insert(address, port);
        Ok(id)
    }

    pub(super) fn listen(&mut self, address: SocketAddr, id: u64) {
        if let Some(port) = self.ports.get_mut(&address).filter(|port| port.id == id) {
            port.listens = true;
        }
    }

    pub(super) fn unlisten(&mut self, address: SocketAddr, id: u64) {
        if self.ports.get(&address).is_some_and(|port| port.id == id)
            && let Some(port) = self.ports.remove(&address)
        {
            for (connection, _) in port.waiting {
                self.close(connection, 1, true);
            }
        }
    }

    pub(super) fn connect(&mut self, from: IpAddr, to: SocketAddr) -> Attempt {
        let unreachable = self.is_cut(from, to.ip()) || self.is_cut(to.ip(), from);
        if unreachable || self.off.contains(&to.ip()) || self.silent(from) {
            return Attempt::Unanswered;
        }
        self.next_id += 1;
        let id = self.next_id;
        let port = self.ports.get_mut(&to).filter(|port| port.listens);
        let Some(port) = port else { return Attempt::Refused };
        let local = EPHEMERAL + u16::try_from(id % u64::from(EPHEMERAL)).unwrap_or(0);
        port.waiting.push_back((id, SocketAddr::new(from, local)));
        if let Some(waker) = port.acceptor.take() {
            waker.wake();
        }
        let now = Instant::now();
        self.connections.insert(
            id,
            Connection {
                hosts: [from, to.ip()],
                pipes: [Pipe::new(now), Pipe::new(now)],
                reset: [None, None],
                gone: [false, false],
                tap: (to.port() == CONTROLLER_PORT).then(Tap::default),
            },
        );
        self.trace.event(|| format!("net {from} connects to {to}: {id}"));
        Attempt::Connected(id)
    }

    pub(super) fn poll_accept(
        &mut self,
        address: SocketAddr,
        id: u64,
        cx: &mut Context<'_>,
    ) -> Poll<(u64, SocketAddr)> {
        match self.ports.get_mut(&address) {
            Some(port) if port.id == id => {
                if let Some(next) = port.waiting.pop_front() {
                    return Poll::Ready(next);
                }
                port.acceptor = Some(cx.waker().clone());
                Poll::Pending
            }
            _ => Poll::Pending,
        }
    }

    pub(super) fn read(
        &mut self,
        id: u64,
        side: usize,
        into: &mut [u8],
        waker: &Waker,
    ) -> io::Result<Turn<usize>> {
        let now = Instant::now();
        let Some(connection) = self.connections.get_mut(&id) else {
            return Err(io::ErrorKind::ConnectionReset.into());
        };
        let broken = connection.reset[side];
        if broken.is_some_and(|at| at <= now) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let from = connection.hosts[1 - side];
        let pipe = &mut connection.pipes[side];
        let found = if self.cuts.contains(&(from, connection.hosts[side])) {
            Found::Nothing
        } else {
            pipe.receive(now, into)
        };
        let later = match found {
            Found::Bytes(count) => return Ok(Turn::Done(count)),
            Found::End => return Ok(Turn::Done(0)),
            Found::Later(at) => Some(at),
            Found::Nothing => None,
        };
        pipe.reader = Some(waker.clone());
        let next = [later, broken].into_iter().flatten().min();
        Ok(next.map_or(Turn::Wait, Turn::At))
    }

    pub(super) fn write(
        &mut self,
        id: u64,
        side: usize,
        bytes: &[u8],
        waker: &Waker,
    ) -> io::Result<Turn<usize>> {
        let now = Instant::now();
        let Some(connection) = self.connections.get(&id) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let (me, peer) = (connection.hosts[side], connection.hosts[1 - side]);
        if connection.reset[side].is_some_and(|at| at <= now) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if self.silent(me) {
            return Ok(Turn::Done(bytes.len()));
        }
        let latency = self.latency(me, peer);
        let gone = connection.gone[1 - side];
        let told =
            gone && !self.off.contains(&peer) && !self.is_cut(me, peer) && !self.is_cut(peer, me);
        let back = now + latency + self.latency(peer, me);
        let Some(connection) = self.connections.get_mut(&id) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        if told {
            connection.break_for(side, back);
        }
        let pipe = &mut connection.pipes[1 - side];
        let count = bytes.len().min(pipe.room());
        if count == 0 {
            pipe.writer = Some(waker.clone());
            return Ok(connection.reset[side].map_or(Turn::Wait, Turn::At));
        }
        pipe.send(now + latency, Bytes::copy_from_slice(&bytes[..count]));
        if let Some(tap) = &mut connection.tap {
            tap.sent(side, &bytes[..count], &mut self.heard);
        }
        self.trace.event(|| format!("net {me} to {peer} on {id}: {count} bytes"));
        Ok(Turn::Done(count))
    }

    /// A side ends what it sends, or is dropped.
    pub(super) fn close(&mut self, id: u64, side: usize, gone: bool) {
        let now = Instant::now();
        let Some(connection) = self.connections.get(&id) else { return };
        let (me, peer) = (connection.hosts[side], connection.hosts[1 - side]);
        let silent = self.silent(me);
        let at = now + self.latency(me, peer);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if !silent && !connection.gone[side] {
            connection.pipes[1 - side].finish(at);
        }
        connection.gone[side] |= gone;
        if connection.gone == [true, true] {
            self.connections.remove(&id);
        }
    }

    /// Whether nothing leaves the host: it has no power, or has just lost it.
    fn silent(&self, host: IpAddr) -> bool {
        self.off.contains(&host) || self.disks.get(&host).is_some_and(SimDisk::crashed)
    }

    fn latency(&self, from: IpAddr, to: IpAddr) -> Duration {
        let range = self.delays.get(&(from, to)).cloned().unwrap_or(DELAY_MS);
        self.random.millis(range)
    }

    fn close_ports(&mut self, host: IpAddr) {
        let addresses: Vec<SocketAddr> =
            self.ports.keys().filter(|address| address.ip() == host).copied().collect();
        for address in addresses {
            self.ports.remove(&address);
        }
    }

    fn forget_gone(&mut self) {
        self.connections.retain(|_, connection| connection.gone != [true, true]);
    }
}

impl Connection {
    fn break_for(&mut self, side: usize, at: Instant) {
        self.reset[side].get_or_insert(at);
        self.pipes[0].wake();
        self.pipes[1].wake();
    }
}
