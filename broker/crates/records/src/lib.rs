//! Record batches: view, CRC, varints, compression, validation.
