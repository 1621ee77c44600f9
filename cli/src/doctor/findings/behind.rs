//! Filters behind the module that hold or change the body which it has read.

use crate::doctor::read::dump::{Chain, Dump};
use crate::doctor::read::filter::Filter;
use crate::doctor::read::tree::Tree;
use crate::doctor::report::{Finding, Report};
use pointsman_engine::config::Role;

/// What a filter does with a request's body.
#[derive(Debug, PartialEq, Eq)]
enum Body {
    Holds,
    Changes,
    Unknown,
    Leaves,
}

pub(super) fn check(dump: &Dump<'_>, report: &mut Report) {
    report.family("no filter known to hold or change bodies stands behind the router", |report| {
        dump.chains.iter().for_each(|chain| in_chain(chain, report));
    });
}

fn in_chain(chain: &Chain<'_>, report: &mut Report) {
    let Some(router) = chain.filters.iter().position(|filter| filter.is(Role::Router)) else { return };
    let behind = chain.filters.get(router + 1..).unwrap_or_default().iter();
    for filter in behind.filter(|filter| filter.instance.is_none() && !filter.disabled) {
        let place = format!("{}, filter `{}`", chain.place, filter.title());
        match body(filter) {
            Body::Leaves => {}
            Body::Unknown => report.cannot_see(format!(
                "{place}: what it does with bodies that the router has \
                decided on"
            )),
            Body::Holds => report.find(Finding {
                code: "body-held-behind",
                places: vec![place],
                symptom: "bodies are held a second time: more memory, a later first byte, and a 413 or a failed \
                    retry where this filter's limit is lower"
                    .into(),
                cause: "a filter behind the router waits for the whole body".into(),
                remedy: "put it in front of the router, or remove it: the router holds as much as the policy \
                    needs"
                    .into(),
            }),
            Body::Changes => report.find(Finding {
                code: "body-changed-behind",
                places: vec![place],
                symptom: "the upstream reads another body than the one that was decided on, perhaps with another \
                    model"
                    .into(),
                cause: "a filter behind the router can rewrite the body".into(),
                remedy: "put it in front of the router, so that the router reads what the upstream will read".into(),
            }),
        }
    }
}

fn body(filter: &Filter<'_>) -> Body {
    let Some(typed) = filter.typed else { return Body::Unknown };
    let Some(kind) = typed.message.strip_prefix("envoy.extensions.filters.http.") else {
        // Istio's own: peer metadata, ALPN, telemetry.
        let istio = ["io.istio.", "istio.", "stats."].iter().any(|prefix| typed.message.starts_with(prefix));
        return if istio { Body::Leaves } else { Body::Unknown };
    };
    match kind.split('.').next().unwrap_or_default() {
        "buffer" | "file_system_buffer" => Body::Holds,
        "ext_authz" if typed.value.get("with_request_body").is_some() => Body::Holds,
        "transform" | "grpc_json_transcoder" | "grpc_json_reverse_transcoder" | "decompressor" | "aws_lambda" => {
            Body::Changes
        }
        "ext_proc" => match typed.value.text("/processing_mode/request_body_mode") {
            "" | "NONE" if typed.value.is_set("/allow_mode_override") => Body::Unknown,
            "" | "NONE" => Body::Leaves,
            _ => Body::Changes,
        },
        "wasm" | "lua" | "golang" | "dynamic_modules" | "composite" | "match_delegate" | "ai_protocol_manager" => {
            Body::Unknown
        }
        _ => Body::Leaves,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn check(message: &str, config: &Value, expected: Body) {
        let mut config = config.clone();
        config["@type"] = format!("type.googleapis.com/{message}").into();
        let filter = json!({"name": "x", "typed_config": config});
        assert_eq!(body(&Filter::of(&filter, &BTreeMap::new())), expected, "{filter}");
    }

    #[test]
    fn filters_are_known_by_what_they_do_with_bodies() {
        let http = |kind: &str| format!("envoy.extensions.filters.http.{kind}");
        check(&http("buffer.v3.Buffer"), &json!({}), Body::Holds);
        check(&http("ext_authz.v3.ExtAuthz"), &json!({}), Body::Leaves);
        check(&http("ext_authz.v3.ExtAuthz"), &json!({"with_request_body": {"max_request_bytes": 1}}), Body::Holds);
        check(&http("decompressor.v3.Decompressor"), &json!({}), Body::Changes);
        check(&http("ext_proc.v3.ExternalProcessor"), &json!({}), Body::Leaves);
        let mode = json!({"processing_mode": {"request_body_mode": "BUFFERED"}});
        check(&http("ext_proc.v3.ExternalProcessor"), &mode, Body::Changes);
        check(&http("ext_proc.v3.ExternalProcessor"), &json!({"allow_mode_override": true}), Body::Unknown);
        check(&http("lua.v3.Lua"), &json!({}), Body::Unknown);
        check(&http("router.v3.Router"), &json!({}), Body::Leaves);
        check("stats.PluginConfig", &json!({}), Body::Leaves);
        check("io.istio.http.peer_metadata.Config", &json!({}), Body::Leaves);
        check("com.example.Filter", &json!({}), Body::Unknown);
    }
}
