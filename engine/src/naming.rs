//! What gateways and servers that may stand behind the proxy take for a model, a provider or a server, besides the body's
//! `model`: one table of keys and one of headers, each with where it is documented. A request that brings such a key is
//! refused, and such a header is taken out, for what the policy has decided would not hold behind the proxy. A policy can
//! allow each.

use crate::json::Name;

/// The model that a tool names for itself, as OpenAI's image generation does.
pub(crate) const MODEL_OF_A_TOOL: &str = "tools[].model";

/// Keys of the top level. Their case counts: in another, a server that ignores case would still read them.
const KEYS: [&str; 53] = [
    // OpenRouter, https://openrouter.ai/docs/features/model-routing and /provider-routing; Ollama's clients for it.
    "models",
    "preset",
    "provider",
    "route",
    // LiteLLM, https://docs.litellm.ai/docs/proxy/reliability, /docs/proxy/clientside_auth, /docs/completion/input: fallbacks,
    // and the parameters of a deployment, which a request may bring.
    "fallbacks",
    "context_window_fallbacks",
    "content_policy_fallbacks",
    "fallback_models",
    "default_fallbacks",
    "model_list",
    "litellm_params",
    "litellm_credential_name",
    "user_config",
    "custom_llm_provider",
    "deployment_id",
    "base_model",
    "model_id",
    "model_info",
    "model_group",
    "router_settings_override",
    "api_base",
    "base_url",
    "api_key",
    "api_type",
    "azure_ad_token",
    "azure_endpoint",
    "azure_deployment",
    "aws_bedrock_runtime_endpoint",
    "aws_sts_endpoint",
    "aws_region_name",
    "aws_profile_name",
    "aws_role_name",
    "aws_session_name",
    "aws_session_token",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_web_identity_token",
    "vertex_project",
    "vertex_location",
    "vertex_credentials",
    // The OpenAI SDKs merge it into the body; servers that get it do, too.
    "extra_body",
    // Before 2023, https://github.com/openai/openai-python/blob/v0.28.1/README.md: Azure's deployments.
    "engine",
    "deployment",
    // Vercel's AI Gateway, https://vercel.com/docs/ai-gateway/provider-options: `gateway.models`, `gateway.order`.
    "providerOptions",
    // Portkey, https://portkey.ai/docs/api-reference/inference-api/headers: what its SDKs also take for the headers below.
    "custom_host",
    "virtual_key",
    "override_params",
    // SGLang, https://docs.sglang.ai/advanced_features/lora.html, and LoRAX, https://loraexchange.ai/models/adapters/.
    "lora_path",
    "adapter_id",
    "adapter_source",
    // Triton and KServe, https://kserve.github.io/website/docs/concepts/architecture/data-plane; FastChat's workers.
    "model_name",
    "model_version",
    MODEL_OF_A_TOOL,
];

/// Headers, in lower case.
const HEADERS: [&str; 44] = [
    // Gateway API Inference Extension, https://gateway-api-inference-extension.sigs.k8s.io/: the model, the endpoint.
    "x-gateway-model-name",
    "x-gateway-model-name-rewrite",
    "x-gateway-base-model-name",
    "x-gateway-destination-endpoint",
    "x-gateway-destination-endpoint-subset",
    // llm-d, https://llm-d.ai/docs/architecture: where the prompt is read.
    "x-prefiller-host-port",
    // Envoy AI Gateway, https://aigateway.envoyproxy.io/docs/.
    "x-ai-eg-model",
    "x-ai-eg-original-path",
    "x-ai-eg-selected-backend",
    // Higress, https://higress.ai/en/docs/latest/plugins/ai/api-provider/model-router/.
    "x-higress-llm-model",
    "x-higress-llm-model-final",
    "x-higress-llm-provider",
    // Azure Machine Learning and Azure AI, https://learn.microsoft.com/azure/machine-learning/how-to-safely-rollout-online-endpoints.
    "azureml-model-deployment",
    "azureml-model-group",
    "x-ms-model-mesh-model-name",
    // Portkey, https://portkey.ai/docs/api-reference/inference-api/headers.
    "x-portkey-config",
    "x-portkey-custom-host",
    "x-portkey-provider",
    "x-portkey-virtual-key",
    "x-portkey-azure-deployment-id",
    "x-portkey-azure-model-name",
    "x-portkey-azure-resource-name",
    "x-portkey-azure-foundry-url",
    "x-portkey-huggingface-base-url",
    "x-portkey-aws-region",
    "x-portkey-vertex-project-id",
    "x-portkey-vertex-region",
    // Helicone, https://docs.helicone.ai/helicone-headers/header-directory.
    "helicone-target-url",
    "helicone-target-provider",
    "helicone-openai-api-base",
    "helicone-fallbacks",
    "helicone-model-override",
    // LiteLLM, https://docs.litellm.ai/docs/proxy/request_headers: tags choose deployments.
    "x-litellm-tags",
    "x-litellm-model",
    // Vercel's AI Gateway as the AI SDK speaks to it, https://ai-sdk.dev/providers/ai-sdk-providers/ai-gateway.
    "ai-model-id",
    "ai-language-model-id",
    // Braintrust's proxy, https://www.braintrust.dev/docs/guides/proxy.
    "x-bt-endpoint-name",
    // Arch, https://docs.archgw.com/.
    "x-arch-llm-provider-hint",
    // SageMaker, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html.
    "x-amzn-sagemaker-target-model",
    "x-amzn-sagemaker-target-variant",
    "x-amzn-sagemaker-inference-component",
    // Seldon, https://docs.seldon.ai/seldon-core-2; AIBrix, https://aibrix.readthedocs.io/.
    "seldon-model",
    "routing-strategy",
    // Google's front ends, https://google.aip.dev/client-libraries/4222: `model=…`.
    "x-goog-request-params",
];

/// What nearly every name that is not in a table differs in from all that are: every request has a dozen of them.
#[derive(Clone, Copy, Debug)]
struct Likeness {
    /// One bit per length that occurs.
    lengths: u64,
    /// One bit per first letter.
    initials: u32,
}

const LIKE_A_KEY: Likeness = Likeness::of(&KEYS);
const LIKE_A_HEADER: Likeness = Likeness::of(&HEADERS);

impl Likeness {
    const fn of(table: &[&str]) -> Self {
        let (mut likeness, mut rest) = (Self { lengths: 0, initials: 0 }, table);
        while let [name, others @ ..] = rest {
            assert!(name.len() < u64::BITS as usize);
            likeness.lengths |= 1 << name.len();
            if let [first, ..] = name.as_bytes() {
                likeness.initials |= initial(*first);
            }
            rest = others;
        }
        likeness
    }

    fn matches(self, name: &[u8]) -> bool {
        let length = u32::try_from(name.len()).ok().and_then(|length| self.lengths.checked_shr(length)).unwrap_or(0);
        length & 1 == 1 && name.first().is_some_and(|first| self.initials & initial(*first) != 0)
    }
}

/// The bit of a letter, whatever its case.
const fn initial(letter: u8) -> u32 {
    1 << (letter & 31)
}

/// What a policy allows of both tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// One bit per entry.
    keys: u64,
    headers: u64,
}

/// What a key is, among those of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steers {
    /// It is none of them.
    Nothing,
    /// It is one that the policy lets in, by this name.
    Allowed(&'static str, Holds),
    /// It is one, by this name.
    Model(&'static str),
    /// It is none, but some server would take it for this one.
    AsIf(&'static str),
}

/// What stands in the value of a key that the policy lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// The name of a model.
    Name,
    /// Names of models, or requests to others.
    Names,
    /// What servers merge into the body, or read as one.
    Body,
    /// Several of these, by the server that each is for.
    Bodies,
    /// No names of models: endpoints, accounts, adapters. They pass as they are.
    Other,
}

impl Holds {
    fn of(key: &str) -> Self {
        match key {
            "base_model" | "model_id" | "model_name" | "model_group" | "engine" | "deployment" | "deployment_id"
            | "azure_deployment" => Self::Name,
            "models"
            | "fallbacks"
            | "context_window_fallbacks"
            | "content_policy_fallbacks"
            | "fallback_models"
            | "default_fallbacks"
            | "model_list" => Self::Names,
            "extra_body" | "litellm_params" | "override_params" | "user_config" => Self::Body,
            "providerOptions" => Self::Bodies,
            _ => Self::Other,
        }
    }
}

impl Allowed {
    /// Allows a key of the table.
    pub(crate) fn allow_key(&mut self, key: &str) {
        self.keys |= bit(&KEYS, key);
    }

    /// Allows a header of the table.
    pub(crate) fn allow_header(&mut self, header: &str) {
        self.headers |= bit(&HEADERS, header);
    }

    /// What a top-level key does behind the proxy.
    pub(crate) fn key(self, name: &Name) -> Steers {
        if !LIKE_A_KEY.matches(name.folded()) {
            return Steers::Nothing;
        }
        let Some(at) = KEYS.iter().position(|key| key.as_bytes().eq_ignore_ascii_case(name.folded())) else {
            return Steers::Nothing;
        };
        match KEYS.get(at) {
            Some(key) if key.as_bytes() != name.as_bytes() => Steers::AsIf(key),
            Some(key) if self.keys >> at & 1 == 0 => Steers::Model(key),
            Some(key) => Steers::Allowed(key, Holds::of(key)),
            None => Steers::Nothing,
        }
    }

    /// Whether a tool may name a model for itself.
    pub(crate) fn models_of_tools(self) -> bool {
        self.keys & bit(&KEYS, MODEL_OF_A_TOOL) != 0
    }

    /// Whether models can be named where a request has to be read to its end to see them.
    pub(crate) fn names_models(self) -> bool {
        let allowed = KEYS.iter().enumerate().filter(|(at, _)| self.keys >> at & 1 == 1);
        self.models_of_tools() || allowed.map(|(_, key)| Holds::of(key)).any(|holds| holds != Holds::Other)
    }

    /// Whether a request header is taken out.
    pub(crate) fn takes_out(self, name: &[u8]) -> bool {
        if !LIKE_A_HEADER.matches(name) {
            return false;
        }
        let at = HEADERS.iter().position(|header| header.as_bytes() == name);
        at.is_some_and(|at| self.headers >> at & 1 == 0)
    }
}

fn bit(table: &[&str], name: &str) -> u64 {
    table.iter().position(|known| *known == name).map_or(0, |at| 1 << at)
}

/// The keys that a policy can allow.
pub(crate) fn keys() -> &'static [&'static str] {
    &KEYS
}

/// The headers that a policy can allow.
pub(crate) fn headers() -> &'static [&'static str] {
    &HEADERS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        let mut name = Name::new();
        text.chars().for_each(|character| name.push(character.encode_utf8(&mut [0; 4]).as_bytes()));
        name
    }

    #[test]
    fn every_entry_can_be_told_and_stands_once() {
        for (at, key) in KEYS.iter().enumerate() {
            assert!(key.len() <= Name::CAPACITY, "{key}");
            assert_eq!(Allowed::default().key(&name(key)), Steers::Model(key));
            assert_eq!(KEYS.iter().position(|other| other.eq_ignore_ascii_case(key)), Some(at), "{key}");
        }
        for (at, header) in HEADERS.iter().enumerate() {
            assert!(Allowed::default().takes_out(header.as_bytes()));
            assert_eq!(
                (HEADERS.iter().position(|other| other == header), header.to_lowercase()),
                (Some(at), (*header).into())
            );
        }
    }

    #[test]
    fn the_page_has_all_of_both_tables() {
        let page = include_str!("../../docs/security.md");
        for entry in KEYS.iter().chain(&HEADERS) {
            assert!(page.contains(&format!("`{entry}`")), "{entry}");
        }
    }

    #[test]
    fn what_looks_like_an_entry_is_told_from_it() {
        let mut allowed = Allowed::default();
        for (key, header) in [("providerOptions", "x-litellm-tags"), ("provideroptions", "x-team")] {
            allowed.allow_key(key);
            allowed.allow_header(header);
        }
        assert_eq!(allowed.key(&name("providerOptions")), Steers::Allowed("providerOptions", Holds::Bodies));
        assert_eq!(allowed.key(&name("PROVIDEROPTIONS")), Steers::AsIf("providerOptions"));
        assert_eq!(allowed.key(&name("provider\u{ff2f}ptions ")), Steers::AsIf("providerOptions"));
        assert_eq!(allowed.key(&name("models")), Steers::Model("models"));
        assert_eq!(allowed.key(&name("metadata")), Steers::Nothing);
        assert!(
            !allowed.takes_out(b"x-litellm-tags")
                && allowed.takes_out(b"x-portkey-config")
                && !allowed.takes_out(b"x-team")
        );
    }
}
