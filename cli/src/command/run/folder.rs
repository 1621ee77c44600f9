//! The folder that one run keeps its files in, gone with it.

use pointsman_source::reason;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
}

impl Folder {
    /// A new folder that only this user can read: the policy is in it.
    pub(super) fn create() -> Result<Self, String> {
        let base = std::env::temp_dir();
        let id = std::process::id();
        for attempt in 0..100 {
            let path = base.join(format!("pointsman-{id}-{attempt}"));
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(err) if err.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(err) => return Err(format!("`{}`: {}", path.display(), reason(&err))),
            }
        }
        Err(format!("`{}` is full of old folders named pointsman-{id}", base.display()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
