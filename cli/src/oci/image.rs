//! The image: manifest, configuration and one layer.

use super::blob::{Blob, digest};
use super::created::Created;
use super::layer::{self, Tar};
use serde_json::json;
use std::collections::BTreeMap;
use std::io;

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// The annotation that says how the module lies in the image, and its value.
const VARIANT: (&str, &str) = ("module.wasm.image/variant", "compat");

/// What an image says about itself.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) created: Created,
    /// Labels of the configuration and annotations of the manifest.
    pub(crate) labels: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) manifest: Blob,
    pub(super) config: Blob,
    pub(super) layer: Blob,
}

impl Image {
    pub(crate) fn of(module: &[u8], about: &About) -> io::Result<Self> {
        let mut tar = Tar::new(about.created);
        tar.add(layer::FILE, module)?;
        let tar = tar.bytes()?;
        let created = about.created.rfc3339();
        // The platform says nothing about the module. It is what an image made by `docker build` on a usual machine
        // has, because `docker load` refuses an operating system that is not its own.
        let config = json!({
            "architecture": "amd64",
            "config": { "Labels": about.labels },
            "created": created,
            "history": [{ "created": created, "created_by": format!("COPY {} ./", layer::FILE) }],
            "os": "linux",
            "rootfs": { "diff_ids": [digest(&tar)], "type": "layers" },
        });
        let config = Blob::json(CONFIG, &config);
        let layer = Blob::new(LAYER, layer::gzip(&tar)?);
        let mut annotations = about.labels.clone();
        annotations.insert(VARIANT.0.into(), VARIANT.1.into());
        let manifest = json!({
            "annotations": annotations,
            "config": config.descriptor(),
            "layers": [layer.descriptor()],
            "mediaType": MANIFEST,
            "schemaVersion": 2,
        });
        Ok(Self { manifest: Blob::json(MANIFEST, &manifest), config, layer })
    }

    pub(super) fn blobs(&self) -> [&Blob; 3] {
        [&self.manifest, &self.config, &self.layer]
    }
}
