//! Every finding: its code, how severe it is, a title, and what `check --explain` says.

use super::Severity;
use pointsman_engine::policy::findings::Kind;
use std::fmt;
use std::str::FromStr;

/// Declares the codes, in their order. A code is never given to another finding.
macro_rules! codes {
    ($($code:ident $severity:ident $title:literal $explanation:literal)+) => {
        /// What kind of finding it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($code,)+
        }

        impl Code {
            /// Every code, in their order.
            pub const ALL: &'static [Code] = &[$(Code::$code),+];

            /// As it is written.
            pub const fn name(self) -> &'static str {
                match self { $(Code::$code => stringify!($code),)+ }
            }

            pub const fn severity(self) -> Severity {
                match self { $(Code::$code => Severity::$severity,)+ }
            }

            /// In a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Code::$code => $title,)+ }
            }

            /// In a few sentences: what it means, and what to do.
            pub const fn explanation(self) -> &'static str {
                match self { $(Code::$code => $explanation,)+ }
            }
        }
    };
}

codes! {
    P0001 Error "not valid"
        "The file cannot be read, or what stands in it has no meaning: a proxy would refuse it and keep the policy that it has. It \
        cannot be allowed."
    P0002 Warning "an allowance without a finding"
        "A comment `# pointsman: allow …` stands where nothing of that kind is found, or names no code. What was allowed is mended, \
        or has moved away from the comment. Remove it: it would hide the next mistake."
    P0010 Warning "a shadowed rule"
        "Rules are tried in order, and the first whose conditions all hold acts. An earlier rule holds for every request for which \
        this one does, so this one never acts. Put the narrower rule first, or narrow the earlier one. Conditions are compared by \
        what they mean: patterns, beginnings of paths and headers, ranges. What only several rules together take is not found."
    P0011 Warning "a rule that no request meets"
        "Its conditions cannot hold together: a path that leads to none of its APIs, two values of one header, or an `any` or `not` \
        that contradicts what stands beside it. A base of your own in front of the paths of the APIs has to stand in `pathPrefixes`."
    P0012 Warning "a rule that refuses all that it routes"
        "None of its targets, fallbacks and rollouts can serve a request that the rule matches, for what their models are: their \
        APIs, capabilities and context windows, and who may use them. The request is refused (`noCandidate`); no later rule is \
        asked. Requests that only count tokens are not looked at for their length."
    P0013 Warning "a rule that refuses some tenants"
        "These tenants get to the rule, and may use none of its models. Their requests are refused here, and a later rule that \
        would serve them is not asked. Say `otherwise: next` and it is, or `otherwise: deny` if that is what you mean. Or give them a \
        rule of their own in front of it, or a target or fallback that they may use. Rules for those who ask for its models by \
        name are not meant."
    P0014 Warning "a part of a route that is always left out"
        "No request that the rule matches can go to this target, fallback, rollout or mirror, while other parts of the route work. \
        A fallback that residency forbids to all who get to the rule is none, and nobody notices before the first failure. A \
        fallback or mirror that is the only target itself does nothing either."
    P0015 Warning "a condition that these APIs do not have"
        "The rule is only for APIs in which no model writes an answer, such as embeddings, and asks for tools, structured output, \
        reasoning or cache marks. A request could carry such a key, but no client sends one."
    P0016 Warning "a header that must be empty"
        "An exact value of nothing holds only where the header is there and empty. For a header that is there with any value, \
        write `type: Prefix`; one that is not there cannot be asked for."
    P0017 Note "a weight that decides nothing"
        "A weight of 0 gives a target no request, and it is no fallback either. The weight of an only target decides nothing. This \
        may well be on purpose, for what is switched on later."
    P0018 Warning "a rollout that counts tenants where there are none"
        "With `by: tenant`, only callers that are a tenant can be part of the rollout. No caller of this rule is one, so it moves \
        nothing, whatever its share. Count sessions, or tell callers apart in `tenants`."
    P0019 Warning "a part of a condition that changes nothing"
        "An item of `any` that contradicts the conditions beside it never holds, and a `not` of what never comes with them excludes \
        nothing: the rule applies as if it were not there. One of the two is not what was meant, such as a range that begins where \
        the other ends."
    P0020 Warning "a shadowed tenant"
        "Tenants are tried in order, and the first that matches is the caller's. Whoever matches this one matches an earlier one, \
        so nobody is ever this tenant, and none of its limits and rules holds. Put the narrower tenant first."
    P0021 Warning "a tenant that may use nothing"
        "What it allows, denies and requires leaves no model of the catalog, or the default refuses and no rule leads it to a model \
        that is left. Everything that it asks for is refused. If that is what you want, say so in place."
    P0022 Warning "a label value that no model has"
        "Labels are compared letter by letter. A tenant that requires a value which no model has may use nothing."
    P0023 Warning "a pattern that matches no model"
        "A pattern in `allow`, `deny` or the `match` of a budget is compared with the names of the models, and matches none. What it \
        was to deny is not denied: check its spelling. Only `*` has a meaning in it."
    P0024 Warning "a star or a space that stands for itself"
        "`contains` looks for a whole item of a list, or a whole word of a text. It takes no patterns, so this holds only for an \
        item with a `*` in its name. Name each item in a tenant of its own, or let the issuer add a claim that says it in one \
        value, and match that with `value: team-*`. \
        No scope has a space in it: for two of them, write two claims. The exact value of a header is no pattern either: `type: \
        Prefix` takes what begins so."
    P0025 Warning "a tenant that a client can choose to be"
        "Nothing but request headers says who this tenant is, and a client can write any header. That is right only where the \
        proxy sets these headers itself, after it has removed what the client sent. Otherwise match certificates (`principals`) \
        or verified tokens (`claims`). Where the proxy sets them, say so in place."
    P0026 Warning "a principal without its scheme"
        "Principals are compared with the URI in the client's certificate, as a whole: `spiffe://cluster.local/ns/a/sa/b`. Istio's \
        own resources leave `spiffe://` out; without it, no caller is ever this tenant."
    P0027 Warning "a profile that no tenant has"
        "Profiles limit those tenants that name them in `profiles`, and none names this one: nobody has its limits and labels. Name \
        it where it belongs, or take it out."
    P0028 Warning "a limit that a caller can leave out"
        "A tenant that says `continue` is told by a token alone, and somebody else in the policy by a certificate or a header: whoever \
        leaves the token out is that one still, and has lost only the limits. Let both be told by the same, put into the other's own \
        `match` what tells this one, or end the search (no `continue`) with limits of its own. Where the proxy asks everybody for a \
        token, say so in place."
    P0029 Warning "a rule that passes on to none"
        "With `otherwise: next`, what none of its models may and can serve goes on to the rules behind it, and none of those takes such \
        requests. Then the default refuses them, or nothing gives their names a model. Say `otherwise: deny`, or move the rule in \
        front of the one that was meant."
    P0030 Warning "a model that no request gets to"
        "No tenant may use it, or nothing leads to it: no rule, fallback, alias or stand-in, and asking for its name does not \
        either, since a rule takes every request or the default refuses."
    P0031 Warning "a model without APIs"
        "Its list `apis` is empty, so it can serve no request. Leave the list out for the usual APIs."
    P0032 Warning "an alias that nothing gives a model"
        "An alias without `model` is a name for rules to decide. No rule matches it, so a request for it is refused. So is one for an \
        alias with a `model` that no rule matches, where the default refuses."
    P0033 Note "a model without a price"
        "Other models of the same cluster have a `cost`, this one has none: `explain` and reports are silent where they compare \
        models. Or a rule prefers the cheapest of its targets, and this one comes behind all that have a price."
    P0034 Warning "a context window without room for input"
        "`reservedOutput` is kept of `contextWindow` for the output of a request that names no limit of its own. Where it is all of \
        it, no such request fits: it goes to another model, or is refused. Write how much a client usually needs."
    P0035 Warning "a budget that limits nothing"
        "Its `match` names models, or labels of models, that no caller which it is about may use, or that do not exist: no request \
        ever counts for it. Patterns and values of labels are compared letter by letter."
    P0036 Warning "an alias that leads past a refusal"
        "`match.models` is about the name that a client asks for. A rule refuses a model by its name, and an alias that the rule does not \
        name leads to the same model: whoever asks by that name gets it. Name the alias too, by a pattern, or take the model from the \
        tenants (`models.deny`), which no name gets around."
    P0037 Warning "a refusal that a client can get around"
        "Whether it holds is for the client to say: by a header that it writes or leaves out, or by naming no output limit. A rule that \
        routes by a header what is refused behind it is the same. That is right only where the proxy sets the header itself, after it \
        has removed what the client sent: say so in place. Headers that a client gives something up with, such as `anthropic-beta`, \
        are not meant. Otherwise match tenants or `claims`, and limit output by a tenant's `maxOutputTokens`."
    P0038 Warning "a budget that a client can get around"
        "Each value of a header has an account of its own, and a client can write a new value with each request. Count by `claim` or \
        `each: tenant`. Where the proxy sets the header, after it has removed what the client sent, say so in place."
    P0039 Warning "a budget that downgrades to nothing"
        "`action: downgrade` leaves out the models whose requests count for the budget, so that the next one serves. Here all count that \
        its callers may use: used up, it refuses. Name the expensive ones in its `match`, or say `action: deny`."
    P0040 Warning "too much for an Envoy to hold"
        "A policy makes clusters, and each cluster statistics, in every Envoy: more than `failover.warnAboveSeries` says. With the \
        mechanism `matcher` (Envoy 1.39) they grow with the models, with the others with the chains that can come out of \
        `fallback` lists. Shorter lists, or one list for several rules, make those fewer."
    P0041 Warning "a file that Envoy will not take"
        "A certificate or key that the deployment names is not there, or is not what it should be. Envoy refuses the \
        configuration, or answers 401 to every call of that cluster. It may be fine where the proxy runs on another machine."
    P0042 Warning "plain text to the port of TLS"
        "The cluster has port 443 and no `tls`: requests would go in plain text, with their keys, and fail."
    P0043 Warning "a provider without a key"
        "A chain that crosses providers, or a copy, never carries the client's own key. A provider without `credential` gets none."
    P0044 Warning "a key for everybody"
        "The default cluster has a `credential`: every request that is no LLM call, from anybody, gets that key."
    P0045 Warning "a buffer that is too small"
        "Envoy refuses a body that its buffer cannot hold before the policy can say that it is too large, in plain text that no \
        client of an LLM API understands."
    P0046 Warning "principals that nobody can be"
        "The policy knows tenants by their certificates, and where clients come in nobody is asked for one, or none gets that far: \
        no caller is ever such a tenant. Give the listener `tls` with `clientCaFile`, or match tokens (`claims`)."
    P0047 Warning "an admin interface for everybody"
        "Envoy's admin interface asks nobody who they are: whoever reaches it can stop Envoy, change its log level and read its \
        configuration. Let it listen on 127.0.0.1. In a container of its own, where only a probe reaches it, say so in place."
    P0049 Warning "a deployment that works otherwise than one would expect"
        "See the sentence of the finding."
    P0050 Note "a label that no rule asks for"
        "Labels of tenants and profiles are for the rules' `tenantLabels`. Rules ask for others, and none for this one: check its \
        spelling. Where no rule asks for labels at all, nothing is said."
}

impl From<Kind> for Code {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::ShadowedRule => Self::P0010,
            Kind::DeadRule => Self::P0011,
            Kind::UnservableRule => Self::P0012,
            Kind::TenantRefused => Self::P0013,
            Kind::AlwaysLeftOut => Self::P0014,
            Kind::IdleCondition => Self::P0015,
            Kind::EmptyValue => Self::P0016,
            Kind::ShareWithoutEffect => Self::P0017,
            Kind::RolloutWithoutTenants => Self::P0018,
            Kind::IdlePart => Self::P0019,
            Kind::PassesOnToNone => Self::P0029,
            Kind::TenantToLeave => Self::P0028,
            Kind::UnaskedLabel => Self::P0050,
            Kind::AliasPastRefusal => Self::P0036,
            Kind::AvoidableRefusal => Self::P0037,
            Kind::ChosenAccount => Self::P0038,
            Kind::DowngradeToNothing => Self::P0039,
            Kind::ShadowedTenant => Self::P0020,
            Kind::TenantWithoutModels => Self::P0021,
            Kind::UnknownLabelValue => Self::P0022,
            Kind::UnmatchedPattern => Self::P0023,
            Kind::LiteralStar => Self::P0024,
            Kind::ForgeableTenant => Self::P0025,
            Kind::PrincipalWithoutScheme => Self::P0026,
            Kind::UnusedProfile => Self::P0027,
            Kind::UnreachableModel => Self::P0030,
            Kind::ModelWithoutApis => Self::P0031,
            Kind::AliasWithoutModel => Self::P0032,
            Kind::MissingPrice => Self::P0033,
            Kind::ReservedWindow => Self::P0034,
            Kind::IdleBudget => Self::P0035,
        }
    }
}

impl Code {
    /// Whether it is looked for in every policy, with a deployment or without.
    pub fn is_of_policies(self) -> bool {
        (Self::P0010..Self::P0040).contains(&self) || self >= Self::P0050
    }

    /// Whether an author can say that it is meant.
    pub fn can_be_allowed(self) -> bool {
        self > Self::P0002
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Code {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().copied().find(|code| code.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| "no such code; docs/findings.md lists them".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_leads_back_to_itself() {
        for code in Code::ALL {
            assert_eq!(code.name().parse(), Ok(*code));
            assert!(!code.title().ends_with('.') && code.explanation().ends_with('.'), "{code}");
        }
        assert!("P9999".parse::<Code>().is_err());
    }

    /// The page is written from the table: `UPDATE_FINDINGS=1` does that.
    #[test]
    fn the_page_has_the_table() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/findings.md");
        let page = std::fs::read_to_string(file).unwrap();
        let (begin, end) = ("<!-- findings: begin -->\n", "<!-- findings: end -->");
        let (before, rest) = page.split_once(begin).unwrap();
        let (shown, after) = rest.split_once(end).unwrap();
        let rows = Code::ALL
            .iter()
            .map(|code| format!("| `{code}` | {} | {} | {} |\n", code.severity(), code.title(), code.explanation()));
        let table =
            format!("\n| code | severity | what | |\n| --- | --- | --- | --- |\n{}\n", rows.collect::<String>());
        if std::env::var_os("UPDATE_FINDINGS").is_some() {
            std::fs::write(file, format!("{before}{begin}{table}{end}{after}")).unwrap();
        } else {
            assert_eq!(shown, table, "run this test with UPDATE_FINDINGS=1");
        }
    }
}
