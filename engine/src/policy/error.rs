//! What can be wrong with a policy besides its shape.

pub(crate) use pointsman_document::Report;
pub use pointsman_document::{
    DocumentError as PolicyError, DocumentErrorKind as PolicyErrorKind, DocumentErrors as PolicyErrors,
};

use pointsman_document::did_you_mean;
use std::fmt;

/// The ways in which the meaning of a policy, or of the plugin configuration around it, can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyFault {
    /// Nothing was given at all.
    Absent,
    /// A regular expression that does not compile.
    Regex {
        /// What is wrong with it.
        reason: String,
    },
    /// The name of something that is not in the policy.
    NoSuch {
        /// What is looked for, and where: ``no model `x` in the catalog``.
        what: What,
        /// Its name.
        name: String,
        /// A name that exists.
        suggestion: Option<String>,
    },
    /// A model without a price, where a budget counts money.
    NoPrice {
        /// The model.
        model: String,
    },
    /// A group of models that nobody is in.
    NoMember {
        /// What it says of its models.
        group: String,
        /// A value that exists, in place of a label's.
        suggestion: Option<String>,
    },
    /// A group of models of which each is another target, too.
    NoneLeft,
    /// Names and groups that come to more models than a request can be given to try.
    TooManyModels {
        /// How many they are.
        count: usize,
        /// How many there may be.
        max: usize,
        /// What to do about it.
        advice: &'static str,
    },
    /// A budget of all proxies over a window that no rate limit service has.
    GlobalRolling,
    /// A budget of all proxies that leaves models out.
    GlobalDowngrade,
    /// A budget of all proxies with more requests than a rate limit service can count.
    GlobalRequests {
        /// The most that it can.
        max: u64,
    },
    /// Targets of which none can be chosen.
    NoWeight,
    /// A header that the caller can never have set.
    ReservedHeader,
    /// A header that no policy changes: the proxy's own, or one that describes the body.
    ProxysHeader {
        /// The header.
        name: String,
    },
    /// A header that says whose account a request is for.
    AccountsHeader {
        /// The header.
        name: String,
    },
    /// More different headers than the engine keeps for a request.
    TooManyHeaders {
        /// How many there may be.
        max: usize,
    },
    /// More different claims than the engine keeps for a request.
    TooManyClaims {
        /// How many there may be.
        max: usize,
    },
    /// A label that profiles of one tenant give different values.
    LabelConflict {
        /// The label.
        label: String,
        /// The profiles.
        profiles: [String; 2],
    },
    /// Labels that some tenants have, and none all of them.
    NoTenantWithLabels,
    /// More different fields of bodies than the engine keeps for a request.
    TooManyFields {
        /// How many there may be.
        max: usize,
    },
    /// Regular expressions on one header that would take too long together.
    TooManyRegexes {
        /// The header.
        header: String,
    },
    /// More keywords than one search can look for.
    TooManyKeywords,
    /// An expression that is wrong somewhere.
    Expression {
        /// The line in its text.
        line: usize,
        /// The character in that line.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// Expressions that would take too long together.
    TooManyExpressions {
        /// How long they could take.
        cost: u64,
        /// The most.
        most: u64,
    },
    /// A model that is its own fallback.
    OwnFallback {
        /// The model.
        name: String,
    },
}

/// What a name refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A model of the catalog.
    Model,
    /// A name that clients can ask for: a model or an alias.
    ModelOrAlias,
    /// The cluster of a model.
    Cluster,
    /// A tenant.
    Tenant,
    /// Tenants, by a pattern.
    TenantPattern,
    /// A profile of tenants.
    Profile,
    /// A label that some model has.
    Label,
    /// A label that some tenant has.
    TenantLabel,
    /// A value that some tenant has of this label.
    TenantLabelValue(String),
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => {
                f.write_str("is empty; the plugin configuration needs `role` and, for the router, `policy`")
            }
            Self::Regex { reason } => write!(f, "not a regular expression: {reason}"),
            Self::NoSuch { what, name, suggestion } => {
                match what {
                    What::Model => write!(f, "no model `{name}` in the catalog")?,
                    What::ModelOrAlias => write!(f, "no model or alias `{name}`")?,
                    What::Cluster => write!(f, "no model has the cluster `{name}`")?,
                    What::Tenant => write!(f, "no tenant `{name}`")?,
                    What::TenantPattern => write!(f, "no tenant matches `{name}`")?,
                    What::Profile => write!(f, "no profile `{name}`")?,
                    What::Label => write!(f, "no model has the label `{name}`")?,
                    What::TenantLabel => write!(f, "no tenant has the label `{name}`")?,
                    What::TenantLabelValue(label) => {
                        write!(f, "no tenant has the label `{label}` with the value `{name}`")?;
                    }
                }
                f.write_str(&did_you_mean(suggestion))
            }
            Self::NoPrice { model } => write!(f, "the model `{model}` has no `cost`, and its requests count here"),
            Self::NoMember { group, suggestion } => {
                write!(f, "no model is `{group}`{}", did_you_mean(suggestion))
            }
            Self::NoneLeft => f.write_str("all models of this group are other targets"),
            Self::TooManyModels { count, max, advice } => {
                write!(f, "comes to {count} models, and at most {max} can be tried{advice}")
            }
            Self::GlobalRolling => {
                f.write_str("a rate limit service has no rolling windows: `global` needs `window.every`")
            }
            Self::GlobalDowngrade => f.write_str(
                "a rate limit service is asked when a request has its model, and can only refuse it: `global` needs the \
                 action `deny`",
            ),
            Self::GlobalRequests { max } => write!(f, "a rate limit service counts no more than {max} requests"),
            Self::NoWeight => f.write_str("needs at least one weight above 0"),
            Self::ReservedHeader => f.write_str("is reserved: Pointsman removes it from every request"),
            Self::ProxysHeader { name } => {
                write!(f, "`{name}` is the proxy's, or describes the body: no policy changes it")
            }
            Self::AccountsHeader { name } => {
                write!(f, "`{name}` says whose account a request is for: keys and accounts are Envoy's to write")
            }
            Self::TooManyHeaders { max } => write!(f, "the policy looks at more than {max} different headers"),
            Self::TooManyClaims { max } => write!(f, "the rules look at more than {max} different claims"),
            Self::LabelConflict { label, profiles: [one, other] } => write!(
                f,
                "the profiles `{one}` and `{other}` give the label `{label}` different values; the tenant's own `labels` can say which it has"
            ),
            Self::NoTenantWithLabels => f.write_str("no tenant that the rule is about has all of these labels"),
            Self::TooManyFields { max } => write!(f, "the policy looks at more than {max} different fields"),
            Self::TooManyRegexes { header } => {
                write!(f, "the regular expressions on the header `{header}` are too many to try")
            }
            Self::TooManyKeywords => f.write_str("the keywords of all rules are too many to look for"),
            Self::Expression { line: 1, column, reason } => write!(f, "{reason} (character {column})"),
            Self::Expression { line, column, reason } => write!(f, "{reason} (line {line}, character {column})"),
            Self::TooManyExpressions { cost, most } => {
                write!(f, "the expressions of all rules can cost {cost} steps together, more than {most}")
            }
            Self::OwnFallback { name } => write!(f, "`{name}` is the model itself"),
        }
    }
}

impl From<PolicyFault> for PolicyErrorKind {
    fn from(fault: PolicyFault) -> Self {
        Self::Meaning(fault.to_string().into())
    }
}
