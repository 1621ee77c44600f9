//! Waits until a file has changed.

use std::path::PathBuf;
use std::time::Duration;

/// Reading small files this often costs nothing, and unlike file events works on every file system and mount.
const INTERVAL: Duration = Duration::from_millis(250);

/// Returns when one of these files has a new content. A content counts when it is seen twice, so that a half-written file does
/// not. `known` is what has been acted on.
pub(crate) fn until_changed(files: &[PathBuf], known: &[Option<Vec<u8>>]) {
    let mut seen = known.to_vec();
    loop {
        std::thread::sleep(INTERVAL);
        let now = contents(files);
        if now != known && now == seen {
            return;
        }
        seen = now;
    }
}

/// What is in files; nothing, where one is not there.
pub(crate) fn contents(files: &[PathBuf]) -> Vec<Option<Vec<u8>>> {
    files.iter().map(|file| std::fs::read(file).ok()).collect()
}
