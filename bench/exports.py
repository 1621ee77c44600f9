"""A Wasm module with some of its exports left out: what a callback costs that Envoy need not make. The code stays."""

import pathlib

EXPORTS, MEMORY = 7, "memory"


def number(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def encoded(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + encoded(rest) if rest else bytes([low])


def without(source: pathlib.Path, target: pathlib.Path, *names: str) -> pathlib.Path:
    data = source.read_bytes()
    out, at = bytearray(data[:8]), 8
    while at < len(data):
        kind = data[at]
        size, start = number(data, at + 1)
        at = start + size
        section = data[start:at]
        if kind == EXPORTS:
            section = filtered(section, names)
        out += bytes([kind]) + encoded(len(section)) + section
    target.write_bytes(out)
    return target


def filtered(section: bytes, names: tuple[str, ...]) -> bytes:
    count, at = number(section, 0)
    kept = []
    for _ in range(count):
        start = at
        length, at = number(section, at)
        name, at = section[at : at + length].decode(), at + length
        _, at = number(section, at + 1)
        if name not in names:
            kept.append(section[start:at])
    return encoded(len(kept)) + b"".join(kept)
