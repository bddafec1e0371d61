//! The little of protocol buffers that writing a message needs: varints, fixed 32-bit numbers and lengths.

/// A message being written, field by field.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// The bytes written.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// An integer field.
    pub(super) fn integer(&mut self, field: u32, value: i64) -> &mut Self {
        self.key(field, 0);
        self.varint(value.cast_unsigned());
        self
    }

    /// A float field.
    pub(super) fn float(&mut self, field: u32, value: f32) -> &mut Self {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// A field of bytes.
    pub(super) fn bytes(&mut self, field: u32, value: &[u8]) -> &mut Self {
        self.key(field, 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    /// A field of text.
    pub(super) fn text(&mut self, field: u32, value: &str) -> &mut Self {
        self.bytes(field, value.as_bytes())
    }

    /// A field that is a message itself.
    pub(super) fn message(&mut self, field: u32, value: Self) -> &mut Self {
        self.bytes(field, &value.0)
    }

    fn key(&mut self, field: u32, wire: u32) {
        self.varint(u64::from(field << 3 | wire));
    }

    /// Seven bits a byte, the lowest first; the top bit says that more follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::Message;

    #[test]
    fn the_documented_examples() {
        // protobuf.dev, "Encoding": field 1 = 150 is 08 96 01; field 2 = "testing" is 12 07 74 65 73 74 69 6e 67.
        let mut message = Message::default();
        message.integer(1, 150).text(2, "testing");
        assert_eq!(message.into_bytes(), b"\x08\x96\x01\x12\x07testing");
        let mut negative = Message::default();
        negative.integer(1, -2);
        assert_eq!(
            negative.into_bytes(),
            [&[0x08, 0xfe][..], &[0xff; 8], &[0x01]].concat()
        );
    }
}
