"""Sixteen connections at once on two workers: every request is decided for itself and none is lost."""

import json
import random
from concurrent.futures import ThreadPoolExecutor

from harness.edge import JSON
from harness.http1 import Http1, head
from harness.http2 import Http2
from harness.messages import Answer

POLICY = {
    "models": [
        {"name": f"m{number}", "cluster": f"c{number % 4}", "upstreamModel": f"upstream-{number}"}
        for number in range(8)
    ],
}
INSTALLATION = {"concurrency": 2}
CHAT = "/v1/chat/completions"
CONNECTIONS = 16


def answer(request):
    return Answer.of({"served_by": request.provider, "model": request.json()["model"]})


def expected(number: int) -> tuple[int, dict | None]:
    return (200, {"served_by": f"c{number % 4}", "model": f"upstream-{number}"}) if number < 8 else (404, None)


def body_for(number: int, chance: random.Random) -> bytes:
    members = [("messages", [{"role": "user", "content": "x" * chance.randrange(20_000)}]), ("model", f"m{number}")]
    chance.shuffle(members)
    return json.dumps(dict(members)).encode()


def over_http1(edge, seed: int) -> list[str]:
    chance, wrong, client = random.Random(seed), [], Http1(edge.port)
    for _ in range(60):
        number = chance.randrange(9)
        body = body_for(number, chance)
        client.send(head("POST", CHAT, [("host", "e"), JSON, ("content-length", str(len(body)))]) + body)
        response = client.response()
        if (response.status, response.json() if response.status == 200 else None) != expected(number):
            wrong.append(f"m{number}: {response}")
        if response.header("connection") == "close":
            client.close()
            client = Http1(edge.port)
    client.close()
    return wrong


def over_http2(edge, seed: int) -> list[str]:
    chance, wrong = random.Random(seed), []
    with Http2(edge.port) as client:
        for _ in range(6):
            asked = {}
            for _ in range(10):
                number, stream = chance.randrange(9), client.begin("POST", CHAT, [JSON])
                asked[stream] = number
                client.send(stream, body_for(number, chance), end=True)
            for stream, number in asked.items():
                response = client.response(stream)
                if (response.status, response.json() if response.status == 200 else None) != expected(number):
                    wrong.append(f"m{number}: {response}")
    return wrong


def test_sixteen_connections_are_served_side_by_side(edge):
    for provider in edge.providers.values():
        provider.answer = answer
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        results = [pool.submit(over_http1 if seed % 2 else over_http2, edge, seed) for seed in range(CONNECTIONS)]
        assert [wrong for result in results for wrong in result.result()] == []
