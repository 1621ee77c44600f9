#!/usr/bin/env python3
"""Serves dist/playground on 127.0.0.1, at a free port or the given one, until Ctrl-C.

scripts/playground_serve.py [PORT]
"""

import functools
import http.server
import pathlib
import sys
from collections.abc import Callable

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "dist/playground"


class Handler(http.server.SimpleHTTPRequestHandler):
    """Tells who is told when it is asked for something, and nobody else."""

    def __init__(self, *arguments: object, heard: Callable[[str], None], **options: object) -> None:
        self.heard = heard
        super().__init__(*arguments, **options)

    def log_message(self, *_: object) -> None:
        self.heard(self.path)

    def end_headers(self) -> None:
        # Who builds anew and loads the page again sees the new one.
        self.send_header("cache-control", "no-store")
        super().end_headers()


def server(port: int = 0, heard: Callable[[str], None] = lambda _: None) -> http.server.ThreadingHTTPServer:
    handler = functools.partial(Handler, directory=str(FOLDER), heard=heard)
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)


def main(port: int) -> None:
    with server(port) as serving:
        print(f"playground: http://127.0.0.1:{serving.server_port}/  (Ctrl-C ends it)", flush=True)
        try:
            serving.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
