//! Names that Kubernetes accepts.

/// The longest name that fits every kind rendered here.
const LONGEST: usize = 63;

/// Why `name` cannot be the name of an object or a namespace.
pub(crate) fn problem(name: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| *byte != b'-');
    let bytes = name.as_bytes();
    let valid =
        bytes.len() <= LONGEST && bytes.iter().all(|byte| allowed(*byte)) && edge(bytes.first()) && edge(bytes.last());
    (!valid).then(|| format!("`{name}` is no Kubernetes name: up to 63 of a-z, 0-9 and -, with no - at either end"))
}

/// A name for the object that belongs to `what`, which can be any text, and is `number` of its kind.
pub(crate) fn object_name(prefix: &str, what: &str, number: usize) -> String {
    let mut name = format!("{prefix}-");
    for byte in what.bytes() {
        let byte = byte.to_ascii_lowercase();
        if byte.is_ascii_lowercase() || byte.is_ascii_digit() {
            name.push(char::from(byte));
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    // Two texts can lose their difference here. The number brings it back, behind a dot that no other name has.
    let readable = what.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if readable && name.len() <= LONGEST && !what.contains("--") && !what.ends_with('-') && !what.starts_with('-') {
        return name.to_owned();
    }
    let end = format!(".{number}");
    let kept = name.get(..name.len().min(LONGEST - end.len())).unwrap_or(name);
    format!("{}{end}", kept.trim_end_matches('-'))
}

/// A host name that a client can call: no wildcard, no port.
pub(crate) fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

/// A digest as the objects hold it.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_kubernetes() {
        assert_eq!(problem("istio-ingress"), None);
        assert_eq!(problem("a1"), None);
        for bad in ["", "-a", "a-", "A", "a.b", "a_b", &"a".repeat(64)] {
            assert!(problem(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn any_text_gets_a_name_of_its_own() {
        assert_eq!(object_name("pointsman", "openai", 0), "pointsman-openai");
        assert_eq!(object_name("pointsman", "Azure OpenAI (EU)", 1), "pointsman-azure-openai-eu.1");
        assert_eq!(object_name("pointsman", "azure-openai-eu", 2), "pointsman-azure-openai-eu");
        assert_eq!(object_name("pointsman", "---", 3), "pointsman.3");
        let long = object_name("pointsman", &"x".repeat(80), 12);
        assert!(long.len() == 63 && long.ends_with(".12"), "{long}");
    }
}
