//! Partition logs in Apache Kafka's file formats over a Disk seam.
