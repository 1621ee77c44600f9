//! The one configuration that there is: `{"role": "gate"}`, as the whole module takes it.

/// What a rejected configuration is told.
pub(crate) const REJECTED: &str = "configuration rejected: this module is Pointsman's gate alone and takes no other configuration than {\"role\": \"gate\"}; a router and the upstream role are in the whole module, pointsman.wasm";

/// Is this it? Compared token by token: whoever writes JSON may put white space between them, and nothing else is expected.
pub(crate) fn is_gate(json: &[u8]) -> bool {
    let tokens: [&[u8]; 5] = [b"{", b"\"role\"", b":", b"\"gate\"", b"}"];
    let rest = tokens.iter().try_fold(json, |rest, token| rest.trim_ascii_start().strip_prefix(*token));
    rest.is_some_and(|rest| rest.trim_ascii_start().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_and_nothing_else() {
        for json in [r#"{"role":"gate"}"#, " {\n\"role\" :\t\"gate\" } \r\n"] {
            assert!(is_gate(json.as_bytes()), "{json}");
        }
        for json in [
            "",
            "{}",
            r#"{"role":"router"}"#,
            r#"{"role":"gate","policy":{}}"#,
            r#"{"role":"gate"}}"#,
            r#"{"ro le":"gate"}"#,
            r#""role":"gate""#,
        ] {
            assert!(!is_gate(json.as_bytes()), "{json}");
        }
    }
}
