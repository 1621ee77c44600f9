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
    pub(crate) model: Option<String>,
    pub(crate) upstream_model: Option<String>,
    pub(crate) cluster: Option<String>,
    pub(crate) excluded: Vec<Excluded>,
    pub(crate) status: Option<u16>,
    pub(crate) message: Option<String>,
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
            "route" => format!("{} -> {} on {}", show(&self.asked), show(&self.model), show(&self.cluster)),
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
            ("rule", self.rule.clone()),
            ("reason", self.reason.clone()),
            ("status", self.status.map(|status| status.to_string())),
            ("message", self.message.clone()),
            ("excluded", Some(self.excluded()).filter(|list| !list.is_empty())),
            ("policy", Some(self.policy.clone())),
        ];
        rows.iter().filter_map(|(name, value)| Some(format!("{name:<9} {}\n", printable(value.as_ref()?)))).collect()
    }

    fn because(&self) -> String {
        match (&self.rule, &self.reason) {
            (Some(rule), Some(reason)) => format!(", rule {rule} ({reason})"),
            (None, Some(reason)) => format!(" ({reason})"),
            _ => String::new(),
        }
    }

    fn excluded(&self) -> String {
        let items: Vec<_> = self.excluded.iter().map(|item| format!("{} ({})", item.model, item.reason)).collect();
        items.join(", ")
    }
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

    #[test]
    fn a_refusal_says_why() {
        check(
            r#"{"action":"deny","asked":"x","reason":"unknownModel","status":404,"message":"no model `x`"}"#,
            "x refused (unknownModel): no model `x`",
        );
    }
}
