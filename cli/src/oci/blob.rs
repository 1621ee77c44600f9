//! Bytes, what they are, and the digest that names them.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[derive(Debug)]
pub(crate) struct Blob {
    pub(super) media_type: &'static str,
    /// `sha256:` and 64 hexadecimal digits.
    pub(crate) digest: String,
    pub(super) bytes: Vec<u8>,
}

impl Blob {
    pub(super) fn new(media_type: &'static str, bytes: Vec<u8>) -> Self {
        Self { media_type, digest: digest(&bytes), bytes }
    }

    /// The bytes of an object depend on nothing but its value: keys in order, no white space.
    pub(super) fn json(media_type: &'static str, value: &Value) -> Self {
        Self::new(media_type, value.to_string().into_bytes())
    }

    pub(super) fn descriptor(&self) -> Value {
        json!({ "digest": self.digest, "mediaType": self.media_type, "size": self.bytes.len() })
    }

    /// Where a layout keeps it.
    pub(super) fn path(&self) -> String {
        format!("blobs/sha256/{}", self.hex())
    }

    pub(super) fn hex(&self) -> &str {
        self.digest.strip_prefix(PREFIX).unwrap_or_default()
    }
}

const PREFIX: &str = "sha256:";

pub(crate) fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{PREFIX}{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_is_named_by_its_bytes() {
        let blob = Blob::new("text/plain", b"abc".to_vec());
        assert_eq!(blob.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(blob.path(), format!("blobs/sha256/{}", blob.hex()));
        let descriptor = json!({ "digest": blob.digest, "mediaType": "text/plain", "size": 3 });
        assert_eq!(blob.descriptor(), descriptor);
    }

    #[test]
    fn keys_are_in_order() {
        let blob = Blob::json("application/json", &json!({ "b": 1, "a": { "d": 2, "c": 3 } }));
        assert_eq!(blob.bytes, br#"{"a":{"c":3,"d":2},"b":1}"#);
    }
}
