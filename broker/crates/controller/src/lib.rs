//! The controller: topics, placement, registrations, elections, configs as metadata records.
