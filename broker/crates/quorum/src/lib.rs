//! KRaft: election, replication by Fetch, snapshots, voters, without I/O.
