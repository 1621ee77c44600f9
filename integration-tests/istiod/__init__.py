"""A stand-in for istiod and istio-agent: the Envoy configuration that Istio makes of a mesh's resources, served from
files.

It follows Istio's source (pilot/pkg, pkg/wasm) where a gateway with Pointsman in it depends on it: names, filter
order, JSON, clusters, routes, patches. It is no Istio. What it leaves out is said where it is left out, and in
`README.md` beside this file.
"""
