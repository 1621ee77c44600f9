//! `pointsman image`: the module as what Istio and Envoy Gateway pull.

use super::{Failure, print};
use crate::oci::{self, About, Created, Image, Reference, Referrer};
use pointsman_source::reason;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Writes the module as an OCI image, without a container tool
///
/// The image has one layer with the file plugin.wasm, which Istio and Envoy Gateway both read. The same module and
/// options give the same bytes. SOURCE_DATE_EPOCH, when set, is the time the image says it was made.
///
/// The last line is the digest of the manifest: what `sha256` of a WasmPlugin and `@sha256:…` of an image's URL mean.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman image --output image --name ghcr.io/acme/pointsman --tag 1.0")]
pub(crate) struct Arguments {
    /// The module
    #[arg(long, value_name = "PATH", default_value = "dist/pointsman.wasm")]
    wasm: PathBuf,
    /// The OCI image layout to write, a folder; an older layout there is replaced
    #[arg(long, value_name = "DIR", default_value = "dist/image")]
    output: PathBuf,
    /// Also write the image as an archive for `docker load`
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,
    /// A CycloneDX document: writes a second layout, DIR-with-sbom, in which it refers to the image
    #[arg(long, value_name = "FILE")]
    sbom: Option<PathBuf>,
    /// What the archive's image is called; by default what the module's file is
    #[arg(long)]
    name: Option<String>,
    /// The image's tag
    #[arg(long, default_value = env!("CARGO_PKG_VERSION"))]
    tag: String,
    /// A label and annotation of the image, for example org.opencontainers.image.revision=0123abc
    #[arg(long, value_name = "KEY=VALUE")]
    label: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let stem = arguments.wasm.file_stem().unwrap_or_default().to_string_lossy();
    let reference = Reference::read(arguments.name.as_deref().unwrap_or(&stem), &arguments.tag)?;
    let created = created()?;
    let about = About { created: created.unwrap_or(Created::UNSAID), labels: labels(arguments, created)? };
    let module = read(&arguments.wasm)?;
    if !module.starts_with(MODULE) {
        let wasm = arguments.wasm.display();
        return Err(Failure::Sentence(format!("`{wasm}` is not a WebAssembly module; `make wasm` builds one")));
    }
    let sbom = arguments.sbom.as_deref().map(sbom).transpose()?;
    let image = Image::of(&module, &about).map_err(|err| reason(&err))?;

    oci::replace(&arguments.output, &oci::layout(&image, &reference, None))?;
    print(&format!("{}: OCI image layout of {}\n", arguments.output.display(), reference.short()));
    if let Some(sbom) = sbom {
        let folder = with_sbom(&arguments.output);
        oci::replace(&folder, &oci::layout(&image, &reference, Some(&Referrer::to(&image, sbom))))?;
        print(&format!("{}: the same, with its SBOM as a referrer\n", folder.display()));
    }
    if let Some(file) = &arguments.archive {
        let bytes = oci::archive(&image, &reference, about.created).map_err(|err| reason(&err))?;
        std::fs::write(file, bytes).map_err(|err| format!("`{}`: {}", file.display(), reason(&err)))?;
        print(&format!("{}: the same, for `docker load`\n", file.display()));
    }
    print(&format!("module {}\nimage {}\n", oci::digest(&module), image.manifest.digest));
    Ok(())
}

/// How every module of version 1 begins.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

fn read(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|err| format!("`{}`: {}", file.display(), reason(&err)))
}

fn sbom(file: &Path) -> Result<Vec<u8>, String> {
    let bytes = read(file)?;
    let document: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
    match document.as_ref().and_then(|document| document.get("bomFormat")?.as_str()) {
        Some("CycloneDX") => Ok(bytes),
        _ => Err(format!("`{}` is not a CycloneDX document in JSON", file.display())),
    }
}

fn created() -> Result<Option<Created>, String> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(written) => Created::read(&written).map(Some),
        Err(_) => Ok(None),
    }
}

const TITLE: &str = "Pointsman";
const DESCRIPTION: &str = "An LLM router inside Envoy and Istio: a proxy-wasm module";

fn labels(arguments: &Arguments, created: Option<Created>) -> Result<BTreeMap<String, String>, String> {
    let known = [
        ("title", TITLE.to_owned()),
        ("description", DESCRIPTION.to_owned()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("licenses", env!("CARGO_PKG_LICENSE").to_owned()),
    ];
    let known = known.into_iter().chain(created.map(|created| ("created", created.rfc3339())));
    let mut labels: BTreeMap<String, String> =
        known.map(|(key, value)| (format!("org.opencontainers.image.{key}"), value)).collect();
    for label in &arguments.label {
        match label.split_once('=') {
            Some((key, value)) if !key.is_empty() => labels.insert(key.to_owned(), value.to_owned()),
            _ => return Err(format!("`--label {label}`: expected KEY=VALUE")),
        };
    }
    Ok(labels)
}

fn with_sbom(output: &Path) -> PathBuf {
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    output.with_file_name(format!("{name}-with-sbom"))
}
