//! The decision record, as people read it. The engine writes it; `explain` and `run` print it.

use serde::Deserialize;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Record {
    pub(crate) policy: String,
    pub(crate) action: String,
    pub(crate) api: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) asked: Option<String>,
    pub(crate) rule: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) variant: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) upstream_model: Option<String>,
    pub(crate) cluster: Option<String>,
    /// The models to try, in order, when there is more than one.
    pub(crate) chain: Vec<String>,
    pub(crate) mirror: Option<String>,
    pub(crate) excluded: Vec<Excluded>,
    pub(crate) status: Option<u16>,
    pub(crate) message: Option<String>,
    /// How many attempts were made. This and what follows is known once there is an answer.
    pub(crate) attempt: Option<u64>,
    pub(crate) answered_by: Option<String>,
    pub(crate) answered_from: Option<String>,
}

/// A model that could have served, and what kept it out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Excluded {
    pub(crate) model: String,
    pub(crate) reason: String,
}

impl Record {
    pub(crate) fn from_json(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// On one line: `auto -> llama-small on llama, rule short-questions (rule)`.
    pub(crate) fn line(&self) -> String {
        let mut line = match self.action.as_str() {
            "route" => format!("{} -> {}", show(&self.asked), self.target()),
            "models" => "lists the models".into(),
            "pass" => "passes untouched".into(),
            _ => format!("{} refused", show(&self.asked)),
        };
        if self.action != "models" {
            line.push_str(&self.because());
        }
        if let Some(message) = &self.message {
            line.push_str(&format!(": {message}"));
        }
        if let Some(mirror) = &self.mirror {
            line.push_str(&format!("; copy to {mirror}"));
        }
        if !self.excluded.is_empty() {
            line.push_str(&format!("; not {}", self.excluded()));
        }
        printable(&line)
    }

    /// Several lines, one per thing to know. `cost` is what a million tokens of the model cost, input and output.
    pub(crate) fn page(&self, cost: Option<(f64, f64)>) -> String {
        let model = match (&self.model, &self.upstream_model) {
            (Some(model), Some(upstream)) if model != upstream => Some(format!("{model} (upstream as {upstream})")),
            (model, _) => model.clone(),
        };
        let cost = cost.map(|(input, output)| format!("{input} per million input tokens, {output} per million output"));
        let rows = [
            ("action", Some(self.action.clone())),
            ("api", self.api.clone()),
            ("tenant", self.tenant.clone()),
            ("asked", self.asked.clone()),
            ("model", model),
            ("cluster", self.cluster.clone()),
            ("cost", cost),
            ("chain", Some(self.chain.join(" > ")).filter(|chain| !chain.is_empty())),
            ("mirror", self.mirror.clone()),
            ("rule", self.rule.clone()),
            ("variant", self.variant.clone()),
            ("reason", self.reason.clone()),
            ("status", self.status.map(|status| status.to_string())),
            ("message", self.message.clone()),
            ("excluded", Some(self.excluded()).filter(|list| !list.is_empty())),
            ("policy", Some(self.policy.clone())),
        ];
        rows.iter().filter_map(|(name, value)| Some(format!("{name:<9} {}\n", printable(value.as_ref()?)))).collect()
    }

    /// `small on llama`; of a chain who answered, and after whom: `small on llama, attempt 2 of large > small`.
    fn target(&self) -> String {
        let chain = self.chain.join(" > ");
        match (&self.answered_by, self.attempt) {
            (Some(model), Some(attempt)) => {
                format!("{model} on {}, attempt {attempt} of {chain}", show(&self.answered_from))
            }
            (None, Some(attempt)) => format!("no answer, {attempt} {} of {chain}", plural(attempt, "attempt")),
            _ if self.chain.is_empty() => format!("{} on {}", show(&self.model), show(&self.cluster)),
            _ => format!("{} on {}, else {}", show(&self.model), show(&self.cluster), self.others()),
        }
    }

    /// The chain behind its first model.
    fn others(&self) -> String {
        self.chain.iter().skip(1).map(String::as_str).collect::<Vec<_>>().join(", then ")
    }

    fn because(&self) -> String {
        match (&self.rule, &self.reason) {
            (Some(rule), Some(reason)) => {
                let variant = self.variant.as_ref().map_or_else(String::new, |variant| format!(", variant {variant}"));
                format!(", rule {rule} ({reason}){variant}")
            }
            (None, Some(reason)) => format!(" ({reason})"),
            _ => String::new(),
        }
    }

    fn excluded(&self) -> String {
        let items: Vec<_> = self.excluded.iter().map(|item| format!("{} ({})", item.model, item.reason)).collect();
        items.join(", ")
    }
}

fn plural(count: u64, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

/// Names and paths come from clients: a control character in one must not reach the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { letter.escape_default().to_string() } else { letter.to_string() })
        .collect()
}

fn show(name: &Option<String>) -> &str {
    name.as_deref().unwrap_or("no model")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, line: &str) {
        assert_eq!(Record::from_json(json).unwrap().line(), line);
    }

    #[test]
    fn a_route_reads_as_a_sentence() {
        check(
            r#"{"v":1,"policy":"00","action":"route","api":"chatCompletions","asked":"auto","rule":"short","reason":"rule","model":"small","upstreamModel":"s","cluster":"llama","excluded":[{"model":"big","reason":"label"}]}"#,
            "auto -> small on llama, rule short (rule); not big (label)",
        );
    }

    const CHAIN: &str =
        r#""action":"route","asked":"auto","rule":"r","reason":"rule","model":"a","cluster":"x","chain":["a","b","c"]"#;

    #[test]
    fn a_chain_says_who_comes_next_and_then_who_answered() {
        check(&format!("{{{CHAIN}}}"), "auto -> a on x, else b, then c, rule r (rule)");
        check(
            &format!(r#"{{{CHAIN},"attempt":2,"answeredBy":"b","answeredFrom":"y"}}"#),
            "auto -> b on y, attempt 2 of a > b > c, rule r (rule)",
        );
        check(&format!(r#"{{{CHAIN},"attempt":1}}"#), "auto -> no answer, 1 attempt of a > b > c, rule r (rule)");
        check(&format!(r#"{{{CHAIN},"attempt":3}}"#), "auto -> no answer, 3 attempts of a > b > c, rule r (rule)");
    }

    #[test]
    fn a_variant_and_a_copy_are_named() {
        check(
            r#"{"action":"route","asked":"auto","rule":"r","reason":"rollout","variant":"new","model":"a","cluster":"x","mirror":"b"}"#,
            "auto -> a on x, rule r (rollout), variant new; copy to b",
        );
    }

    #[test]
    fn a_refusal_says_why() {
        check(
            r#"{"action":"deny","asked":"x","reason":"unknownModel","status":404,"message":"no model `x`"}"#,
            "x refused (unknownModel): no model `x`",
        );
    }
}
