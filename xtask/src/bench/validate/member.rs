//! gzip members put together from blocks that were deflated once: gigabytes in seconds.
//!
//! A block that ends with a full flush refers to nothing before it, so blocks may follow each other in any order
//! (RFC 1951 3.2; zlib's manual, `Z_FULL_FLUSH`); the checksum of the whole follows from those of the blocks.
//!
//! Knows: gzip. Must not know: what is compressed.

use anyhow::{Result, ensure};
use flate2::Crc;
use zlib_rs::{Deflate, DeflateFlush, Status};

/// Magic, deflate, no flags, no time, no extra flags, Unix (RFC 1952 2.3).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
/// Bits of the largest window.
const WINDOW: u8 = 15;
/// What gzip uses unless told otherwise.
const LEVEL: i32 = 6;

/// A piece of a file, with what it is compressed.
pub(super) struct Block {
    pub(super) raw: Vec<u8>,
    deflated: Vec<u8>,
    checksum: Crc,
}

impl Block {
    /// A piece that others follow.
    pub(super) fn new(raw: Vec<u8>) -> Result<Self> {
        Self::flushed(raw, DeflateFlush::FullFlush)
    }

    /// The last piece.
    pub(super) fn last(raw: Vec<u8>) -> Result<Self> {
        Self::flushed(raw, DeflateFlush::Finish)
    }

    fn flushed(raw: Vec<u8>, flush: DeflateFlush) -> Result<Self> {
        let mut deflate = Deflate::new(LEVEL, false, WINDOW);
        // What cannot be compressed grows by less than this.
        let mut deflated = vec![0; raw.len() + raw.len() / 100 + 64];
        let status = deflate.compress(&raw, &mut deflated, flush);
        let whole = deflate.total_in() == raw.len() as u64;
        ensure!(whole && matches!(status, Ok(Status::Ok | Status::StreamEnd)), "deflate did not end");
        deflated.truncate(usize::try_from(deflate.total_out())?);
        let mut checksum = Crc::new();
        checksum.update(&raw);
        Ok(Self { raw, deflated, checksum })
    }
}

/// The member of these blocks, the last of which is a [`Block::last`].
pub(super) fn member(blocks: &[&Block]) -> Vec<u8> {
    let size: usize = blocks.iter().map(|block| block.deflated.len()).sum();
    let mut bytes = Vec::with_capacity(size + 18);
    bytes.extend_from_slice(&HEADER);
    let mut checksum = Crc::new();
    for block in blocks {
        bytes.extend_from_slice(&block.deflated);
        checksum.combine(&block.checksum);
    }
    bytes.extend_from_slice(&checksum.sum().to_le_bytes());
    bytes.extend_from_slice(&checksum.amount().to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn blocks_in_any_order_make_one_sound_member() {
        let texts = ["the quick brown fox ".repeat(900), "jumps over ".repeat(2000), "the end".to_owned()];
        let [one, two, last] = texts.each_ref().map(|text| text.clone().into_bytes());
        let (one, two, last) =
            (Block::new(one).unwrap(), Block::new(two).unwrap(), Block::last(last).unwrap());
        for blocks in [vec![&one, &two, &last], vec![&two, &one, &one, &last], vec![&last]] {
            let bytes = member(&blocks);
            let mut raw = Vec::new();
            let mut decoder = flate2::bufread::GzDecoder::new(&bytes[..]);
            decoder.read_to_end(&mut raw).unwrap();
            assert!(decoder.into_inner().is_empty());
            assert_eq!(raw, blocks.iter().flat_map(|block| block.raw.clone()).collect::<Vec<_>>());
        }
    }
}
