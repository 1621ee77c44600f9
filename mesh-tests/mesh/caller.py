"""Sends the one request that its input describes, and prints what came back. It runs in a pod, by itself."""

import http.client
import json
import ssl
import sys
import urllib.parse

asked = json.load(sys.stdin)
url = urllib.parse.urlsplit(asked["url"])
if url.scheme == "https":
    # Whose certificate is there is not this program's question.
    connection = http.client.HTTPSConnection(url.netloc, timeout=20, context=ssl._create_unverified_context())
else:
    connection = http.client.HTTPConnection(url.netloc, timeout=20)
try:
    target = url.path + ("?" + url.query if url.query else "")
    connection.request(asked["method"], target, asked["body"].encode() or None, dict(asked["headers"]))
    reply = connection.getresponse()
    answer = {"status": reply.status, "headers": reply.getheaders(), "body": reply.read().decode()}
except (OSError, http.client.HTTPException) as error:
    answer = {"error": repr(error)}
print(json.dumps(answer))
