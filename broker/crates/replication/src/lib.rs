//! A partition replica's state: log end, high watermark, ISR, waiting requests, fetch sessions.
