"""What the stories in `examples/` share: a gateway to talk to, steady load, demo servers that fail on demand, a
timeline."""
