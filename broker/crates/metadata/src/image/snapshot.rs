//! An image as records, and back.

use crate::record::MetadataRecord;

use super::{Delta, Image, Provenance, ReplayError};

impl Image {
    /// The records of a snapshot of this image, in the order of Apache Kafka 4.3: features
    /// with `metadata.version` first, cluster, topics, configs, quotas, producer ids, access
    /// control entries, SCRAM credentials, tokens.
    #[must_use]
    pub fn records(&self) -> Vec<MetadataRecord> {
        let mut records = Vec::new();
        self.features.write(&mut records);
        self.cluster.write(&mut records);
        self.topics.write(&mut records);
        self.configs.write(&mut records);
        self.quotas.write(&mut records);
        self.producer_ids.write(&mut records);
        self.acls.write(&mut records);
        self.scram.write(&mut records);
        self.tokens.write(&mut records);
        records
    }

    /// The image of a snapshot's records.
    ///
    /// # Errors
    /// [`ReplayError`] for a record that refers to something that no earlier one created.
    pub fn from_records<'a>(
        records: impl IntoIterator<Item = &'a MetadataRecord>,
        provenance: Provenance,
    ) -> Result<Self, ReplayError> {
        let mut delta = Delta::new(&Self::default());
        for record in records {
            delta.replay(record)?;
        }
        Ok(delta.finish(provenance).0)
    }
}
