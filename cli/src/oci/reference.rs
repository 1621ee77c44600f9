//! What an image is called: a repository and a tag.

#[derive(Debug)]
pub(crate) struct Reference {
    pub(super) repository: String,
    pub(super) tag: String,
}

const DOCKER_HUB: &str = "docker.io";

impl Reference {
    pub(crate) fn read(repository: &str, tag: &str) -> Result<Self, String> {
        if !is_repository(repository) {
            return Err(format!(
                "`{repository}` cannot name an image: expected lower-case parts with `/` between them, such as \
                 registry.example.com/llm/pointsman"
            ));
        }
        if !is_tag(tag) {
            return Err(format!(
                "`{tag}` cannot be a tag: expected up to 128 letters, digits, `_`, `.` and `-`, not beginning with \
                 `.` or `-`"
            ));
        }
        Ok(Self { repository: repository.into(), tag: tag.into() })
    }

    pub(crate) fn short(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }

    /// With the registry that Docker takes when none is named.
    pub(super) fn full(&self) -> String {
        let first = self.repository.split_once('/').map(|(first, _)| first);
        match first {
            None => format!("{DOCKER_HUB}/library/{}", self.short()),
            Some(host) if host == "localhost" || host.contains(['.', ':']) => self.short(),
            Some(_) => format!("{DOCKER_HUB}/{}", self.short()),
        }
    }
}

fn is_repository(text: &str) -> bool {
    let (host, path) = match text.split_once('/') {
        Some((host, path)) if host.contains(':') => (Some(host), path),
        _ => (None, text),
    };
    host.is_none_or(is_host) && text.len() <= 255 && path.split('/').all(is_part)
}

fn is_host(text: &str) -> bool {
    text.split_once(':').is_some_and(|(host, port)| is_part(host) && port.parse::<u16>().is_ok())
}

/// Letters and digits, with separators between them and not at the ends.
fn is_part(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(plain)
        && text.ends_with(plain)
        && text.chars().all(|c| plain(c) || matches!(c, '.' | '_' | '-'))
        && !text.contains("..")
}

fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128 && text.starts_with(word) && text.chars().all(|c| word(c) || matches!(c, '.' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_finds_the_name_it_would_have_given() {
        for (repository, full) in [
            ("pointsman", "docker.io/library/pointsman:1"),
            ("llm/pointsman", "docker.io/llm/pointsman:1"),
            ("registry.example.com/llm/pointsman", "registry.example.com/llm/pointsman:1"),
            ("localhost/pointsman", "localhost/pointsman:1"),
            ("registry:5000/pointsman", "registry:5000/pointsman:1"),
        ] {
            assert_eq!(Reference::read(repository, "1").map(|reference| reference.full()), Ok(full.to_owned()));
        }
    }

    #[test]
    fn what_no_registry_takes_is_refused() {
        for bad in ["", "Pointsman", "a//b", "/a", "a/", "-a", "a..b", "a b", "a:5", "a:x/b", "ü", "pointsman:1"] {
            assert!(Reference::read(bad, "1").is_err(), "{bad}");
        }
        for bad in ["", ".1", "-1", "a b", "a:b", "ü", &"a".repeat(129)] {
            assert!(Reference::read("pointsman", bad).is_err(), "{bad}");
        }
    }
}
