//! `pointsman render`: the same configuration that `run` uses, for a proxy of one's own.

mod envoy;
mod envoy_gateway;
mod istio;
mod ratelimit;

use super::Failure;

/// Prints proxy configuration for a policy
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman render envoy examples/quickstart > envoy.yaml
  pointsman render istio examples/istio | kubectl apply -f -")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    target: Target,
}

#[derive(Debug, clap::Subcommand)]
enum Target {
    Envoy(envoy::EnvoyArguments),
    Istio(istio::IstioArguments),
    EnvoyGateway(envoy_gateway::EnvoyGatewayArguments),
    Ratelimit(ratelimit::RatelimitArguments),
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.target {
        Target::Envoy(arguments) => envoy::run(arguments),
        Target::Istio(arguments) => istio::run(arguments),
        Target::EnvoyGateway(arguments) => envoy_gateway::run(arguments),
        Target::Ratelimit(arguments) => ratelimit::run(arguments),
    }
}
