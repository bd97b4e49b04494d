//! A Kafka broker and controller without the JVM.

fn main() {}
