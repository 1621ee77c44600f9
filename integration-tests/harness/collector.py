"""A Wasm filter that lets headers go and collects the body, as many do: assembled here, for it is a few bytes."""

import pathlib

I32 = 0x7F


def vector(*items: bytes) -> bytes:
    return bytes([len(items)]) + b"".join(items)


def section(number: int, content: bytes) -> bytes:
    return bytes([number, len(content) & 0x7F | 0x80, len(content) >> 7]) + content


def text(name: str) -> bytes:
    return bytes([len(name)]) + name.encode()


def body(code: bytes) -> bytes:
    return bytes([len(code) + 2]) + b"\x00" + code + b"\x0b"


def module() -> bytes:
    types = vector(
        b"\x60\x00\x00",
        bytes([0x60, 1, I32, 1, I32]),
        bytes([0x60, 3, I32, I32, I32, 1, I32]),
    )
    exported = ("proxy_abi_version_0_2_1", "malloc", "proxy_on_request_headers", "proxy_on_request_body")
    exports = [text(name) + bytes([0, number]) for number, name in enumerate(exported)]
    code = vector(
        body(b""),
        body(b"\x41\x80\x08"),  # Nothing is ever read: one address is enough.
        body(b"\x41\x00"),  # Continue.
        body(b"\x20\x02\x45"),  # Pause until the end of the stream.
    )
    sections = [
        section(1, types),
        section(3, vector(b"\x00", b"\x01", b"\x02", b"\x02")),
        section(5, vector(b"\x00\x02")),
        section(7, vector(text("memory") + b"\x02\x00", *exports)),
        section(10, code),
    ]
    return b"\x00asm\x01\x00\x00\x00" + b"".join(sections)


def collecting(folder: pathlib.Path) -> dict:
    """The filter, for the front of a chain."""
    file = folder / "collector.wasm"
    file.write_bytes(module())
    code = {"local": {"filename": str(file)}}
    plugin = {
        "name": "collector",
        "root_id": "collector",
        "vm_config": {"vm_id": "collector", "runtime": "envoy.wasm.runtime.v8", "code": code},
    }
    kind = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"
    return {"name": "collector", "typed_config": {"@type": kind, "config": plugin}}
