//! An artifact that refers to an image: its list of contents.

use super::blob::Blob;
use super::image::{Image, MANIFEST};
use serde_json::{Value, json};

const EMPTY: &str = "application/vnd.oci.empty.v1+json";
pub(super) const CYCLONEDX: &str = "application/vnd.cyclonedx+json";

/// A CycloneDX document as an artifact whose subject is an image.
#[derive(Debug)]
pub(crate) struct Referrer {
    manifest: Blob,
    config: Blob,
    sbom: Blob,
}

impl Referrer {
    pub(crate) fn to(image: &Image, sbom: Vec<u8>) -> Self {
        let sbom = Blob::new(CYCLONEDX, sbom);
        let config = Blob::json(EMPTY, &json!({}));
        let manifest = json!({
            "artifactType": CYCLONEDX,
            "config": config.descriptor(),
            "layers": [sbom.descriptor()],
            "mediaType": MANIFEST,
            "schemaVersion": 2,
            "subject": image.manifest.descriptor(),
        });
        Self { manifest: Blob::json(MANIFEST, &manifest), config, sbom }
    }

    pub(super) fn blobs(&self) -> [&Blob; 3] {
        [&self.manifest, &self.config, &self.sbom]
    }

    /// As an index lists it: with its type, for whoever looks for referrers.
    pub(super) fn descriptor(&self) -> Value {
        let mut descriptor = self.manifest.descriptor();
        if let Some(members) = descriptor.as_object_mut() {
            members.insert("artifactType".into(), CYCLONEDX.into());
        }
        descriptor
    }
}
