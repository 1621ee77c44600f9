//! A layout on disk: complete, or as it was before.

use super::layout::Files;
use pointsman_source::reason;
use std::path::{Path, PathBuf};

/// Writes the files into `folder`. What was there is replaced, if it is a layout; anything else is left alone.
pub(crate) fn replace(folder: &Path, files: &Files) -> Result<(), String> {
    let said = |err: std::io::Error| format!("`{}`: {}", folder.display(), reason(&err));
    if !is_replaceable(folder).map_err(said)? {
        return Err(format!("`{}` is there and is not an OCI image layout; name another folder", folder.display()));
    }
    let (draft, old) = (beside(folder, "new"), beside(folder, "old"));
    let _ = std::fs::remove_dir_all(&draft);
    let written = write(&draft, files).and_then(|()| swap(&draft, folder, &old));
    if written.is_err() {
        let _ = std::fs::remove_dir_all(&draft);
    }
    written.map_err(said)
}

fn is_replaceable(folder: &Path) -> std::io::Result<bool> {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none() || folder.join("oci-layout").is_file()),
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(err) => Err(err),
    }
}

fn beside(folder: &Path, suffix: &str) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    folder.with_file_name(format!(".{name}.{suffix}"))
}

fn write(draft: &Path, files: &Files) -> std::io::Result<()> {
    files.iter().try_for_each(|(path, bytes)| {
        let path = draft.join(path);
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(path, bytes)
    })
}

fn swap(draft: &Path, folder: &Path, old: &Path) -> std::io::Result<()> {
    let _ = std::fs::remove_dir_all(old);
    if folder.exists() {
        std::fs::rename(folder, old)?;
    }
    std::fs::rename(draft, folder)?;
    let _ = std::fs::remove_dir_all(old);
    Ok(())
}
