//! The folder of a policy, and what may be included from it: nothing else is ever opened, however a path is written.

use super::looked_at::LookedAt;
use pointsman_source::{Finding, reason};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Error, Read};
use std::path::{Component, Path, PathBuf};

/// Files that one policy can be made of.
const MAX_FILES: usize = 1000;

/// How much may stand in all of them.
const MAX_BYTES: u64 = 32 << 20;

/// What a folder may hold besides: looking for those that a pattern means takes time for each.
const MAX_ENTRIES: usize = 100_000;

/// The folder that the root policy is in.
#[derive(Debug)]
pub(super) struct Folder {
    /// As it was named: what findings call it.
    named: PathBuf,
    /// Where it really is.
    real: PathBuf,
    /// Who was opened already, by where it really is, and what it is called.
    opened: BTreeMap<PathBuf, PathBuf>,
    left: u64,
    is_full: bool,
}

/// What was opened.
pub(super) struct Opened {
    /// As findings call it.
    pub(super) name: PathBuf,
    /// Where it really is.
    pub(super) real: PathBuf,
    pub(super) bytes: Vec<u8>,
}

impl Folder {
    /// The folder of `root`.
    pub(super) fn of(root: &Path) -> Result<Self, Finding> {
        let failed = |err: Error| Finding::of_file(root, reason(&err));
        let named = root.parent().unwrap_or(Path::new("")).to_path_buf();
        let here = if named.as_os_str().is_empty() { Path::new(".") } else { &named };
        let real = here.canonicalize().map_err(failed)?;
        let opened = BTreeMap::from([(root.canonicalize().map_err(failed)?, root.to_path_buf())]);
        Ok(Self { named, real, opened, left: MAX_BYTES, is_full: false })
    }

    /// The files that `written` means in a file of the folder `beside`, by their paths from here.
    pub(super) fn files(&self, written: &str, beside: &Path, looked_at: &mut LookedAt) -> Result<Vec<PathBuf>, String> {
        let path = inside(written, beside)?;
        let (folder, name) = (path.parent().unwrap_or(Path::new("")), path.file_name().unwrap_or_default());
        let name = name.to_string_lossy();
        if folder.to_string_lossy().contains('*') {
            return Err(
                "has a `*` in a folder's name: only the last part can be a pattern, as in `teams/*.yaml`".into()
            );
        }
        if !name.contains('*') {
            return Ok(vec![path.clone()]);
        }
        // Before anything is looked for: what leads out is not even listed.
        self.resolve(folder)?;
        let found = matching(&self.named.join(folder), &name);
        looked_at.pattern(self.named.join(folder), &name, found.as_ref().ok());
        let found = found?;
        if found.is_empty() {
            return Err("is what no file is called".into());
        }
        Ok(found.iter().map(|name| folder.join(name)).collect())
    }

    /// Opens a file by its path from here. Each can be opened once.
    pub(super) fn open(&mut self, path: &Path) -> Result<Opened, String> {
        let name = self.named.join(path);
        let real = self.resolve(path)?;
        if let Some(before) = self.opened.get(&real) {
            return Err(format!("is included a second time, after `{}`: each file can stand once", before.display()));
        }
        if self.opened.len() > MAX_FILES {
            self.is_full = true;
            return Err(format!("is one file too many: a policy is made of {MAX_FILES} at most"));
        }
        // Whatever else has a name can be read for ever.
        if !real.metadata().map_err(unread)?.is_file() {
            return Err("is no file".into());
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(&real).map_err(unread)?;
        file.take(self.left + 1).read_to_end(&mut bytes).map_err(unread)?;
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            self.is_full = true;
            return Err(format!("is too much: the files of a policy have {} MiB at most", MAX_BYTES >> 20));
        };
        self.left = left;
        self.opened.insert(real.clone(), name.clone());
        Ok(Opened { name, real, bytes })
    }

    /// Whether there was more than a policy may be made of.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// What a path from here is called by findings.
    pub(super) fn name(&self, path: &Path) -> PathBuf {
        self.named.join(path)
    }

    /// Where a path from here really leads.
    pub(super) fn resolve(&self, path: &Path) -> Result<PathBuf, String> {
        let real = self.real.join(path).canonicalize().map_err(unread)?;
        if real.starts_with(&self.real) {
            Ok(real)
        } else {
            Err("is a link that leads out of the policy's folder".into())
        }
    }
}

/// The names in a folder that a pattern means, in their order.
pub(super) fn matching(folder: &Path, pattern: &str) -> Result<Vec<OsString>, String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut found = Vec::new();
    for (count, entry) in std::fs::read_dir(folder).map_err(unread)?.enumerate() {
        let name = entry.map_err(unread)?.file_name();
        if count >= MAX_ENTRIES || found.len() > MAX_FILES {
            return Err(format!("means too many files: a policy is made of {MAX_FILES} at most"));
        }
        // As a shell has it: what is hidden has to be named.
        let text = name.to_string_lossy();
        if matches(pattern, &text) && (pattern.starts_with('.') || !text.starts_with('.')) {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

fn unread(err: Error) -> String {
    format!("cannot be read: {}", reason(&err))
}

/// The path from the policy's folder of what is written in a file of the folder `beside`.
fn inside(written: &str, beside: &Path) -> Result<PathBuf, String> {
    if written.is_empty() || written.ends_with('/') || written.contains(['\0', '\\']) {
        return Err("is no path of a file, such as `teams/search.yaml`".into());
    }
    let mut path = beside.to_path_buf();
    for part in Path::new(written).components() {
        match part {
            Component::CurDir => {}
            Component::Normal(part) => path.push(part),
            Component::ParentDir if path.pop() => {}
            Component::ParentDir => return Err("leads out of the policy's folder".into()),
            Component::RootDir | Component::Prefix(_) => {
                return Err("is an absolute path: files are named from the file that includes them".into());
            }
        }
    }
    Ok(path)
}

/// Whether a name is meant by a pattern in which `*` stands for any characters. Linear in the name for each star.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = name.find(part) else { return false };
        name = name.get(at + part.len()..).unwrap_or_default();
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters() {
        for (pattern, name) in [("*.yaml", "a.yaml"), ("a*b*c", "abc"), ("a*b*c", "axxbxxbc"), ("*", ""), ("a*a", "aa")]
        {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("*.yaml", "a.yml"), ("a*a", "a"), ("a*b*c", "acb"), ("a", "ab"), ("*ab*ab", "ab")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn no_path_leads_out() {
        let at =
            |written: &str, beside: &str| inside(written, Path::new(beside)).map(|path| path.display().to_string());
        assert_eq!(at("./teams/a.yaml", ""), Ok("teams/a.yaml".into()));
        assert_eq!(at("../b.yaml", "teams"), Ok("b.yaml".into()));
        assert_eq!(at("x/../../b.yaml", "teams"), Ok("b.yaml".into()));
        for (written, beside) in
            [("../b", ""), ("a/../../b", ""), ("../../b", "teams"), ("a/../../teams/../../b", "teams")]
        {
            assert!(at(written, beside).is_err_and(|why| why.contains("out of")), "{written}");
        }
        for written in ["/etc/passwd", "//a", "/"] {
            assert!(at(written, "").is_err(), "{written}");
        }
        for written in ["", "a/", "a\\b", "a\0b"] {
            assert!(at(written, "").is_err_and(|why| why.contains("no path")), "{written}");
        }
    }
}
