//! The headers in which known clients name their sessions.

use super::sticky::StickyKey;
use crate::request::envelope::HeaderList;

/// Each with who sends it. Of several, the first of this list counts.
const CLIENTS: [(&str, &str); 15] = [
    ("x-claude-code-session-id", "Claude Code"),
    ("session_id", "Codex"),
    ("session-id", "Codex"),
    ("conversation_id", "Codex"),
    ("x-opencode-session", "OpenCode"),
    ("x-session-affinity", "OpenCode, Crush"),
    ("x-session-id", "OpenCode, Crush, clients of OpenRouter"),
    ("x-amp-thread-id", "Amp"),
    ("x-kilocode-taskid", "Kilo Code"),
    ("x-cagent-session-id", "Docker Agent"),
    ("x-grok-conv-id", "clients of xAI"),
    ("x-litellm-session-id", "clients of LiteLLM"),
    ("x-litellm-trace-id", "clients of LiteLLM"),
    ("helicone-session-id", "clients of Helicone"),
    ("x-openwebui-chat-id", "Open WebUI"),
];

/// The session that the client has named, if it is a client that is known to do so.
pub(super) fn named(headers: &HeaderList<'_>) -> Option<StickyKey> {
    let place = |name: &[u8]| CLIENTS.iter().position(|(known, _)| known.as_bytes() == name);
    let named = headers.iter().filter(|(_, value)| !value.is_empty());
    let first = named.filter_map(|(name, value)| Some((place(name)?, *value))).min_by_key(|(place, _)| *place);
    first.map(|(_, value)| StickyKey::of_header(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_list_counts() {
        assert_eq!(named(&[(b"x-session-id", b"b"), (b"session_id", b"a")]), Some(StickyKey::of_header(b"a")));
        assert_eq!(named(&[(b"session_id", b""), (b"x-grok-conv-id", b"c")]), Some(StickyKey::of_header(b"c")));
        assert_eq!(named(&[(b":path", b"/"), (b"x-request-id", b"1")]), None);
    }

    #[test]
    fn the_page_names_them_all() {
        let page = include_str!("../../../docs/policy.md");
        for (header, client) in CLIENTS {
            assert!(page.contains(&format!("`{header}`")) && page.contains(client), "{header}, {client}");
        }
    }
}
