"""What the tests stand on: Envoy processes, recording providers, raw clients. The tests themselves know no ports and
no files."""
