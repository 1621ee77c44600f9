"""The stand-in makes of resources what a real istiod has printed for them, but for what is named here. `make mesh-test`
holds what is kept to the real one."""

import re

import pytest

from istiod import goldens

KNOWN = {
    # What only Istio's own tools read.
    r"^/(clusters|routes)/.*/(metadata|decorator)(/|$)": "names of Istio's objects",
    r"/tracing$|/requestIdExtension$": "tracing",
    # The mesh's own configuration, which a test has of its own.
    r"/accessLog$": "access logs",
    # How Envoy gets it: from files, and not over one stream.
    r"/sdsConfig/(apiConfigSource|resourceApiVersion|ads)$": "secrets come from files",
    r"/(edsClusterConfig|loadAssignment|type)$": "endpoints are in the cluster, and not discovered",
    # What changes nothing for a request over HTTP/1.1 or HTTP/2 with TLS 1.2 or newer.
    r"/(codecType|proxy100Continue|maxGrpcTimeout|maxStreamDuration)$": "what Envoy does anyway, and gRPC",
    r"/(maxConnectionsToAcceptPerSocketEvent|transportSocketConnectTimeout|initialReadBufferSize)$": "connecting",
    r"/commonTlsContext/tlsParams$": "the versions of TLS",
    r"/thresholds/0/trackRemaining$": "a statistic",
    r"/disableShadowHostSuffixAppend$": "the host of a copy",
}


@pytest.mark.parametrize("version", goldens.RECORDED)
@pytest.mark.parametrize("case", goldens.cases())
def test_the_stand_in_says_what_istiod_said(version, case):
    found = goldens.differences(goldens.golden(version, case), goldens.stood_in(version, case))
    assert [one for one in found if not any(re.search(pattern, one[0]) for pattern in KNOWN)] == []


@pytest.mark.parametrize("pattern", KNOWN)
def test_what_is_excused_is_there(pattern):
    everywhere = [(version, case) for version in goldens.RECORDED for case in goldens.cases()]
    differing = (
        place for one in everywhere for place, *_ in goldens.differences(goldens.golden(*one), goldens.stood_in(*one))
    )
    assert any(re.search(pattern, place) for place in differing)


def test_a_difference_is_found():
    golden, said = (goldens.golden("1.31-dev", "gate") for _ in range(2))
    said["listeners"]["0.0.0.0_8080"]["perConnectionBufferLimitBytes"] = 7
    manager = said["listeners"]["0.0.0.0_8080"]["filterChains"][0]["filters"][0]["typedConfig"]
    manager["httpFilters"].reverse()
    places = [place for place, *_ in goldens.differences(golden, said)]
    assert len(places) > 2 and places[-1].endswith("perConnectionBufferLimitBytes")
