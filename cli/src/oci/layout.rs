//! The files of an OCI image layout, and the archive that `docker load` reads.

use super::blob::Blob;
use super::created::Created;
use super::image::Image;
use super::layer::Tar;
use super::reference::Reference;
use super::referrer::Referrer;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;

/// Paths inside the layout, and what is there.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A layout with one image. With a referrer it has two manifests, and tools that push a whole layout would push an index.
pub(crate) fn layout(image: &Image, reference: &Reference, referrer: Option<&Referrer>) -> Files {
    let mut listed = vec![tagged(image, reference)];
    listed.extend(referrer.map(Referrer::descriptor));
    let blobs = image.blobs().into_iter().chain(referrer.iter().flat_map(|referrer| referrer.blobs()));
    files(&listed, blobs)
}

/// The layout as a tar, with what Docker reads besides: `manifest.json` for its own store, a full name for containerd's.
pub(crate) fn archive(image: &Image, reference: &Reference, modified: Created) -> io::Result<Vec<u8>> {
    let mut listed = tagged(image, reference);
    if let Some(annotations) = listed.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.insert("io.containerd.image.name".into(), reference.full().into());
    }
    let mut files = files(&[listed], image.blobs());
    let manifest = json!([{
        "Config": image.config.path(),
        "Layers": [image.layer.path()],
        "RepoTags": [reference.short()],
    }]);
    let repositories = json!({ &reference.repository: { &reference.tag: image.layer.hex() } });
    files.insert("manifest.json".into(), manifest.to_string().into_bytes());
    files.insert("repositories".into(), repositories.to_string().into_bytes());
    let mut tar = Tar::new(modified);
    files.iter().try_for_each(|(path, bytes)| tar.add(path, bytes))?;
    tar.bytes()
}

fn tagged(image: &Image, reference: &Reference) -> Value {
    let mut descriptor = image.manifest.descriptor();
    if let Some(members) = descriptor.as_object_mut() {
        members.insert("annotations".into(), json!({ "org.opencontainers.image.ref.name": reference.tag }));
    }
    descriptor
}

fn files<'a>(listed: &[Value], blobs: impl IntoIterator<Item = &'a Blob>) -> Files {
    let index = json!({ "manifests": listed, "mediaType": INDEX, "schemaVersion": 2 });
    let version = json!({ "imageLayoutVersion": "1.0.0" });
    let mut files: Files = blobs.into_iter().map(|blob| (blob.path(), blob.bytes.clone())).collect();
    files.insert("index.json".into(), index.to_string().into_bytes());
    files.insert("oci-layout".into(), version.to_string().into_bytes());
    files
}
