//! What `serde` says of a value, as text.

use super::{Foreign, Text};
use serde::ser::{Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple};
use serde::{Serialize, Serializer};

pub(super) type NoneSuch = Impossible<(), Foreign>;

impl<'t> Serializer for &'t mut Text {
    type Ok = ();
    type Error = Foreign;
    type SerializeSeq = Within<'t>;
    type SerializeTuple = Within<'t>;
    type SerializeTupleStruct = NoneSuch;
    type SerializeTupleVariant = NoneSuch;
    type SerializeMap = Within<'t>;
    type SerializeStruct = Within<'t>;
    type SerializeStructVariant = Within<'t>;

    fn serialize_bool(self, value: bool) -> Result<(), Foreign> {
        self.plain(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Foreign> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Foreign> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Foreign> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Foreign> {
        if value < 0 {
            self.byte(b'-');
        }
        self.number(value.unsigned_abs());
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<(), Foreign> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Foreign> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Foreign> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Foreign> {
        self.number(value);
        Ok(())
    }

    fn serialize_f32(self, _: f32) -> Result<(), Foreign> {
        Err(Foreign)
    }

    fn serialize_f64(self, _: f64) -> Result<(), Foreign> {
        Err(Foreign)
    }

    fn serialize_char(self, value: char) -> Result<(), Foreign> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Foreign> {
        self.string(value.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Foreign> {
        Err(Foreign)
    }

    fn serialize_none(self) -> Result<(), Foreign> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Foreign> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Foreign> {
        self.plain(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Foreign> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Foreign> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Foreign> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Foreign> {
        self.begin(b'{').field(variant, value)?;
        self.end(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Within<'t>, Foreign> {
        Ok(Within { text: self.begin(b'['), close: "]" })
    }

    fn serialize_tuple(self, _: usize) -> Result<Within<'t>, Foreign> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<NoneSuch, Foreign> {
        Err(Foreign)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<NoneSuch, Foreign> {
        Err(Foreign)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Within<'t>, Foreign> {
        Ok(Within { text: self.begin(b'{'), close: "}" })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Within<'t>, Foreign> {
        self.serialize_map(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Within<'t>, Foreign> {
        self.begin(b'{').string(variant.as_bytes());
        self.byte(b':');
        Ok(Within { text: self.begin(b'{'), close: "}}" })
    }
}

/// A container that is open.
#[derive(Debug)]
pub(super) struct Within<'t> {
    text: &'t mut Text,
    close: &'static str,
}

impl Within<'_> {
    fn close(self) {
        self.close.bytes().for_each(|bracket| self.text.end(bracket));
    }
}

impl SerializeSeq for Within<'_> {
    type Ok = ();
    type Error = Foreign;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Foreign> {
        self.text.item(value)
    }

    fn end(self) -> Result<(), Foreign> {
        self.close();
        Ok(())
    }
}

impl SerializeTuple for Within<'_> {
    type Ok = ();
    type Error = Foreign;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Foreign> {
        self.text.item(value)
    }

    fn end(self) -> Result<(), Foreign> {
        self.close();
        Ok(())
    }
}

impl SerializeStruct for Within<'_> {
    type Ok = ();
    type Error = Foreign;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Foreign> {
        self.text.field(key, value)
    }

    fn end(self) -> Result<(), Foreign> {
        self.close();
        Ok(())
    }
}

impl SerializeStructVariant for Within<'_> {
    type Ok = ();
    type Error = Foreign;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Foreign> {
        self.text.field(key, value)
    }

    fn end(self) -> Result<(), Foreign> {
        self.close();
        Ok(())
    }
}

impl SerializeMap for Within<'_> {
    type Ok = ();
    type Error = Foreign;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Foreign> {
        self.text.comma();
        let begin = self.text.end;
        key.serialize(&mut *self.text)?;
        self.text.byte(b':');
        if self.text.bytes.get(begin) == Some(&b'"') { Ok(()) } else { Err(Foreign) }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Foreign> {
        value.serialize(&mut *self.text)
    }

    fn end(self) -> Result<(), Foreign> {
        self.close();
        Ok(())
    }
}
