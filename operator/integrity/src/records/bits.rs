//! Where the characters stand that say how JSON is nested, 64 bytes at a time: a bit for each byte, the first the lowest.

use wide::u8x16;

/// So many bytes are looked at together.
pub(super) const BLOCK: usize = 64;

/// The characters of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits {
    /// `"`
    pub quotes: u64,
    /// `\`
    pub backslashes: u64,
    /// `{`, `[`, `]` and `}`
    pub brackets: u64,
}

impl Bits {
    #[inline]
    pub(super) fn of(block: &[u8; BLOCK]) -> Self {
        let (lanes, _) = block.as_chunks::<16>();
        let is = |bytes: u8x16, character: u8| bytes.simd_eq(u8x16::splat(character));
        let (mut quotes, mut brackets, mut any_backslash) = (0, 0, u8x16::splat(0));
        for (place, lane) in lanes.iter().enumerate() {
            let bytes = u8x16::new(*lane);
            // Of ASCII, only square brackets become braces so.
            let folded = bytes | u8x16::splat(0x20);
            quotes |= mask(is(bytes, b'"'), place);
            brackets |= mask(is(folded, b'{') | is(folded, b'}'), place);
            any_backslash |= is(bytes, b'\\');
        }
        let mut backslashes = 0;
        if any_backslash.to_bitmask() != 0 {
            for (place, lane) in lanes.iter().enumerate() {
                backslashes |= mask(is(u8x16::new(*lane), b'\\'), place);
            }
        }
        Self { quotes, backslashes, brackets }
    }
}

#[inline]
fn mask(found: u8x16, place: usize) -> u64 {
    u64::from(found.to_bitmask()) << (16 * place)
}

/// Ones from each quote, itself included, up to the next one: within strings, if none was open before.
#[inline]
pub(super) fn within(quotes: u64) -> u64 {
    [1, 2, 4, 8, 16, 32].iter().fold(quotes, |within, distance| within ^ (within << distance))
}

/// The place of the lowest one.
#[inline]
pub(super) fn lowest(bits: u64) -> usize {
    usize::try_from(bits.trailing_zeros()).unwrap_or(BLOCK)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_byte_has_its_bit(block in proptest::array::uniform32(any::<u8>()), odd in 0_usize..32) {
            let mut all = [b' '; BLOCK];
            all[..32].copy_from_slice(&block);
            all[32..].copy_from_slice(&block);
            all[odd..odd + 6].copy_from_slice(br#""\{}[]"#);
            let bits = Bits::of(&all);
            let mut open = false;
            let strings = within(bits.quotes);
            for (at, byte) in all.into_iter().enumerate() {
                let is = |bits: u64| bits >> at & 1 == 1;
                prop_assert_eq!(is(bits.quotes), byte == b'"');
                prop_assert_eq!(is(bits.backslashes), byte == b'\\');
                prop_assert_eq!(is(bits.brackets), matches!(byte, b'{' | b'[' | b']' | b'}'));
                open ^= byte == b'"';
                prop_assert_eq!(is(strings), open);
            }
        }
    }
}
