"""Real control planes on one machine: an API server, istiod with its agent, Envoy Gateway, a registry, stock Envoys."""
