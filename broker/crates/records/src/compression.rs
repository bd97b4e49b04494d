//! The codecs of a record batch (`CompressionType`), bounded in what they expand to.

mod xerial;

use std::io::{Read, Write};

use bytes::Bytes;
use flate2::Compression as GzipLevel;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use crate::header::BatchError;

const CODEC_MASK: i16 = 0b111;

/// How the records of a batch are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Codec {
    /// Not at all.
    #[default]
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy in Xerial's framing; raw snappy is read too, as snappy-java does.
    Snappy,
    /// The LZ4 frame format with independent blocks.
    Lz4,
    /// RFC 8878.
    Zstd,
}

/// Compression levels of the topic configs; each has the range and default of Kafka (KIP-390).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    /// `compression.gzip.level`: 1 to 9, -1 the library's default.
    pub gzip: i32,
    /// `compression.lz4.level`: accepted, and without effect because the encoder has one level.
    pub lz4: i32,
    /// `compression.zstd.level`: -131072 to 22.
    pub zstd: i32,
}

impl Default for Levels {
    fn default() -> Self {
        Self { gzip: -1, lz4: 9, zstd: 3 }
    }
}

impl Codec {
    /// The codec in the low bits of a batch's attributes.
    ///
    /// # Errors
    /// `UnknownCodec` for 5 to 7.
    pub fn from_attributes(attributes: i16) -> Result<Self, BatchError> {
        match attributes & CODEC_MASK {
            0 => Ok(Self::None),
            1 => Ok(Self::Gzip),
            2 => Ok(Self::Snappy),
            3 => Ok(Self::Lz4),
            4 => Ok(Self::Zstd),
            other => Err(BatchError::UnknownCodec(other)),
        }
    }

    /// The bits of the attributes that name this codec.
    #[must_use]
    pub fn bits(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    /// The codec that a value of `compression.type` names; `producer` names none.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "uncompressed" | "none" => Some(Self::None),
            "gzip" => Some(Self::Gzip),
            "snappy" => Some(Self::Snappy),
            "lz4" => Some(Self::Lz4),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Decompresses `payload`; without compression it is returned as it is, uncopied.
///
/// # Errors
/// `Decompression`, or `TooLarge` if the result would exceed `limit` bytes.
pub fn decompress(codec: Codec, payload: &Bytes, limit: usize) -> Result<Bytes, BatchError> {
    if codec == Codec::None {
        return Ok(payload.clone());
    }
    let mut out = Vec::new();
    decompressor(codec, payload)?
        .take(limit as u64 + 1)
        .read_to_end(&mut out)
        .map_err(|_| BatchError::Decompression)?;
    if out.len() > limit { Err(BatchError::TooLarge) } else { Ok(Bytes::from(out)) }
}

/// A reader of the decompressed bytes.
///
/// # Errors
/// `Decompression` if the payload's first bytes already cannot be right.
pub fn decompressor(codec: Codec, payload: &[u8]) -> Result<Box<dyn Read + '_>, BatchError> {
    Ok(match codec {
        Codec::None => Box::new(payload),
        Codec::Gzip => Box::new(MultiGzDecoder::new(payload)),
        Codec::Snappy => Box::new(xerial::Decoder::new(payload)),
        Codec::Lz4 => Box::new(FrameDecoder::new(payload)),
        Codec::Zstd => Box::new(
            zstd::stream::read::Decoder::with_buffer(payload)
                .map_err(|_| BatchError::Decompression)?,
        ),
    })
}

/// Compresses whatever `fill` writes and appends it to `out`.
///
/// # Errors
/// Whatever `fill` returns; `Decompression` stands for a failure of the encoder.
pub fn compress_into<F>(
    codec: Codec,
    levels: Levels,
    out: &mut Vec<u8>,
    fill: F,
) -> Result<(), BatchError>
where
    F: FnOnce(&mut dyn Write) -> Result<(), BatchError>,
{
    let failed = |_| BatchError::Decompression;
    match codec {
        Codec::None => fill(out),
        Codec::Gzip => {
            let mut encoder = GzEncoder::new(out, gzip_level(levels.gzip));
            fill(&mut encoder)?;
            encoder.finish().map(drop).map_err(failed)
        }
        Codec::Snappy => {
            let mut encoder = xerial::Encoder::new(out);
            fill(&mut encoder)?;
            encoder.finish().map_err(failed)
        }
        Codec::Lz4 => {
            let info =
                FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
            let mut encoder = FrameEncoder::with_frame_info(info, out);
            fill(&mut encoder)?;
            encoder.finish().map(drop).map_err(|_| BatchError::Decompression)
        }
        Codec::Zstd => {
            let mut encoder =
                zstd::stream::write::Encoder::new(out, levels.zstd).map_err(failed)?;
            fill(&mut encoder)?;
            encoder.finish().map(drop).map_err(failed)
        }
    }
}

fn gzip_level(level: i32) -> GzipLevel {
    u32::try_from(level).map_or_else(|_| GzipLevel::default(), |level| GzipLevel::new(level.min(9)))
}

#[cfg(test)]
mod tests;
