"""Builds the models that come with Pointsman, and measures them.

models.py build    models/*.model and a card beside each, from the shared data
models.py eval     what they and their like come to on data that they have not seen
"""

import csv
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = pathlib.Path(os.environ.get("SHARED", ROOT / "../shared")).resolve() / "data/routing"
FOLDER = ROOT / "models"
CLI = pathlib.Path(os.environ.get("POINTSMAN_CLI", ROOT / "target/release/pointsman"))
NATURAL = FOLDER / "natural-questions.csv"

# Texts under CC-BY-SA, or under a licence that is not plain: no weights that are handed on know them.
NOT_SHIPPED = "task=natural_qa,arc_challenge,agentverse-mgsm,agentverse-logicgrid"
DOMAIN = ["--label", "label"]
TASK = ["--text", "query", "--label", "task", "--features", "grams,words,shape", "--bits", "13", "--epochs", "10"]
LANGUAGE = [
    "--label",
    "lang",
    "--features",
    "grams",
    "--grams",
    "short,three,four,words",
    "--bits",
    "14",
    "--epochs",
    "5",
]
DIFFICULTY = ["--text", "prompt", "--weak", "weak_ok", "--strong", "strong_ok", "--where", "contaminated=False"]
INJECTION = ["--label", "label", "--features", "grams,words,shape", "--bits", "16", "--epochs", "20"]

MMLU = "Apache-2.0 (repositories), MIT (texts of MMLU and MMLU-Pro); own questions: Apache-2.0"
MODELS = {
    "domain14": {
        "data": ["domain14.csv.gz", NATURAL, NATURAL],
        "options": DOMAIN,
        "licence": MMLU,
        "source": [
            "TIGER-AI-Lab/MMLU-Pro @f418b11 and MMLU, 14 categories",
            "models/natural-questions.csv, written for Pointsman",
        ],
        "failures": [
            "questions from sources that look different: about half are right, see docs/prompt.md",
            "biology and health, health and psychology are taken for each other most often",
            "languages other than English",
        ],
    },
    "task": {
        "data": ["llmrouter_9models.csv.gz"],
        "options": [*TASK, "--where-not", NOT_SHIPPED],
        "licence": "MIT (GSM8K, MATH, HumanEval, CommonsenseQA, MMLU, CommonGen), Apache-2.0 (TriviaQA, OpenBookQA), "
        "CC-BY-4.0 (MBPP)",
        "source": ["ulab-uiuc/LLMRouter @4e7a796, without Natural Questions, ARC, MGSM and LogicGrid (share-alike)"],
        "failures": [
            "it knows the wording of benchmarks: free prompts are put where their wording is nearest",
            "CommonsenseQA and OpenBookQA are taken for each other",
        ],
    },
    "language": {
        "data": ["langid.csv.gz"],
        "options": LANGUAGE,
        "licence": "Apache-2.0 (repository), CC-BY (Leipzig corpora)",
        "source": ["pemistahl/lingua-rs @77e94d1, 28 languages"],
        "failures": ["single words of near languages, such as Danish and Norwegian", "languages beyond the 28"],
    },
    "complexity": {
        "data": ["routellm_mmlu_gsm8k.csv.gz"],
        "options": DIFFICULTY,
        "licence": "Apache-2.0 (repository), MIT (texts of MMLU and GSM8K)",
        "source": [
            "lm-sys/RouteLLM @0b64fda: Mixtral-8x7B-Instruct and gpt-4-1106-preview, without its contaminated prompts"
        ],
        "failures": [
            "it tells what was hard for one pair of models of 2023 on exam questions, and nothing of chats",
            "on subjects that it has not seen it is hardly better than length",
        ],
    },
    "injection": {
        "data": ["prompt_injection.csv.gz"],
        "options": [*INJECTION, "--false-positives", "0.02"],
        "licence": "Apache-2.0 (deepset), MIT (NotInject, BIPIA), ODC-BY (WildGuard)",
        "source": ["deepset/prompt-injections, and NotInject, WildGuard-benign and BIPIA by leolee99/PIGuard @1b5751e"],
        "failures": [
            "attacks that are worded like ordinary tasks, such as those of BIPIA",
            "a short attack inside a long text: its n-grams are few among many",
            "who knows the model can word an attack so that it passes: this is a signal, not a wall",
        ],
    },
}


def run(*arguments: object) -> str:
    done = subprocess.run([CLI, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"error: pointsman {' '.join(map(str, arguments))} failed")
    return done.stdout


def train(to: pathlib.Path, files: list, *options: object) -> dict:
    return json.loads(run("train", *files, *options, "--to", to, "--output", "json"))


def evaluate(model: pathlib.Path, file: object, *options: object) -> dict:
    return json.loads(run("eval", model, file, *options, "--output", "json"))


def build() -> None:
    for name, model in MODELS.items():
        to = FOLDER / f"{name}.model"
        said = ["--licence", model["licence"]]
        for option, values in (("--source", model["source"]), ("--known-failure", model["failures"])):
            said += [word for value in values for word in (option, value)]
        found = train(to, [DATA / file for file in model["data"]], *model["options"], *said)
        (FOLDER / f"{name}.md").write_text(card(name, model, found))
        print(f"{name}: {found['model']['bytes'] // 1024} KiB, {headline(found['folds'])}", flush=True)


def headline(folds: dict) -> str:
    names = ["accuracy", "macro_f1", "calibration_error", "false_positives", "recall", "apgr", "cpt50", "cpt80"]
    return ", ".join(f"{name.replace('_', ' ')} {folds[name]:.3f}" for name in names if name in folds)


def card(name: str, model: dict, found: dict) -> str:
    lines = [
        f"# {name}",
        "",
        f"`models/{name}.model`, {found['model']['bytes'] // 1024} KiB, SHA-256 `{found['model']['sha256']}`.",
        "",
    ]
    lines += [f"- Data: {source}" for source in model["source"]]
    lines += [f"- Licence of the data: {model['licence']}", f"- In folds, on data not seen: {headline(found['folds'])}"]
    lines += [f"- Known to fail: {failure}" for failure in model["failures"]]
    labels = found["folds"].get("labels", {})
    if labels:
        lines += ["", "| label | examples | precision | recall |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {label} | {row['examples']} | {row['precision']:.3f} | {row['recall']:.3f} |"
            for label, row in labels.items()
        ]
    return "\n".join(
        [*lines, "", "Written by `make models`; what the figures mean is in [docs/prompt.md](../docs/prompt.md).", ""]
    )


def rows(name: str) -> list[dict]:
    csv.field_size_limit(1 << 30)
    with gzip.open(DATA / f"{name}.csv.gz", "rt", newline="") as file:
        return list(csv.DictReader(file))


def alike(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def split(folder: pathlib.Path, name: str, all_rows: list[dict], is_held) -> tuple[pathlib.Path, pathlib.Path]:
    """Two files: what is trained with, and what is held out."""
    files = (folder / f"{name}-train.csv", folder / f"{name}-held.csv")
    parts = ([row for row in all_rows if not is_held(row)], [row for row in all_rows if is_held(row)])
    for file, part in zip(files, parts):
        with file.open("w", newline="") as out:
            writer = csv.DictWriter(out, all_rows[0].keys())
            writer.writeheader()
            writer.writerows(part)
    return files


def fifth(text: str) -> bool:
    """A fifth of all texts, those that are alike together."""
    return sum(alike(text).encode()) % 5 == 0


def measure() -> None:
    with tempfile.TemporaryDirectory() as name:
        for title, found, targets in figures(pathlib.Path(name)):
            print(f"| {title} | {found} | {targets} |", flush=True)


def figures(folder: pathlib.Path):
    """What is measured, what came out, and what was aimed at: floor, aim, moonshot."""
    yield "measured", "found", "floor / aim / moonshot"
    yield "---", "---", "---"
    model = folder / "x.model"
    domain = rows("domain14")
    learned, held = split(folder, "domain", domain, lambda row: fifth(row["text"]))
    train(model, [learned, NATURAL, NATURAL], *DOMAIN, "--folds", 0)
    yield "domain14, accuracy", f"{evaluate(model, held)['accuracy']:.3f}", ".79 / .81 / .85"
    with NATURAL.open(newline="") as file:
        natural = list(csv.DictReader(file))
    learned, held = split(folder, "natural", natural, lambda row: len(row["text"]) % 2 == 0)
    train(model, [DATA / "domain14.csv.gz", learned, learned], *DOMAIN, "--folds", 0)
    yield (
        "own natural questions, half of them unseen, accuracy",
        f"{evaluate(model, held)['accuracy']:.3f}",
        ".50 / .60 / .75",
    )
    train(model, [DATA / "domain14.csv.gz"], *DOMAIN, "--folds", 0)
    yield "own natural questions, none seen, accuracy", f"{evaluate(model, NATURAL)['accuracy']:.3f}", ""
    yield from across(folder, model, domain)
    yield from pool(folder, model)
    yield from difficulty(folder, model)
    yield from intents(folder, model)
    injection = rows("prompt_injection")
    learned, held = split(folder, "injection", injection, lambda row: fifth(row["text"]))
    train(model, [learned], *INJECTION, "--false-positives", 0.02)
    found = evaluate(model, held, "--label", "label")
    yield (
        "injection, false positives / recall",
        f"{found['false_positives']:.3f} / {found['recall']:.3f}",
        "5/70, 2/85, 1/95 %",
    )
    language = rows("langid")
    learned, held = split(folder, "language", language, lambda row: fifth(row["text"]))
    train(model, [learned], *LANGUAGE, "--folds", 0)
    found = evaluate(model, held, "--label", "lang", "--where", "kind=sentences")["accuracy"]
    yield "language of sentences, accuracy", f"{found:.4f}", ".994"


def across(folder: pathlib.Path, model: pathlib.Path, domain: list[dict]):
    def is_mmlu(row: dict) -> bool:
        return row["source"].startswith("mmlu:") or "ori_mmlu" in row["source"]

    options = [
        *DOMAIN,
        "--balance",
        1,
        "--dropout",
        0.5,
        "--word-weight",
        3,
        "--smoothing",
        0.1,
        "--rate",
        0.2,
        "--folds",
        0,
    ]
    for title, held_is_mmlu in (("trained on MMLU, other sources", False), ("trained on other sources, MMLU", True)):
        there = {row["label"] for row in domain if is_mmlu(row) != held_is_mmlu}
        both = [row for row in domain if row["label"] in there]
        learned, held = split(folder, "across", both, is_mmlu if held_is_mmlu else lambda row: not is_mmlu(row))
        train(model, [learned], *options)
        yield f"domain14, {title}, accuracy", f"{evaluate(model, held)['accuracy']:.3f}", ".48 / .56 / .65"


def pool(folder: pathlib.Path, model: pathlib.Path):
    nine = rows("llmrouter_9models")
    learned, held = split(folder, "nine", nine, lambda row: fifth(row["query"]))
    train(model, [learned], *TASK, "--folds", 0)
    found = evaluate(model, held, "--text", "query", "--label", "task", "--fit", learned)["mean_quality"]
    beside = ", ".join(
        f"{name.replace('_', ' ')} {mean:.3f}" for name, mean in found.items() if not name.startswith("this")
    )
    yield "9 models, task and table", f"{found['this_model_and_its_table']:.3f} ({beside})", ".66 / .698 / .72"


def difficulty(folder: pathlib.Path, model: pathlib.Path):
    mmlu = [row for row in rows("routellm_mmlu_gsm8k") if row["benchmark"] == "mmlu" and row["contaminated"] == "False"]
    subjects = sorted({row["subject"] for row in mmlu})
    ways = (
        ("MMLU", lambda row: fifth(row["prompt"]), ".66 / .70 / .74"),
        ("MMLU, subjects not seen", lambda row: subjects.index(row["subject"]) % 5 == 2, ".59 / .61 / .65"),
    )
    for title, is_held, targets in ways:
        learned, held = split(folder, "mmlu", mmlu, is_held)
        train(model, [learned], *DIFFICULTY, "--folds", 0)
        found = evaluate(model, held, *DIFFICULTY[:-2], "--label", "subject")["routers"]
        beside = ", ".join(
            f"{name.replace('_', ' ')} {row['apgr']:.3f}" for name, row in found.items() if name != "this_model"
        )
        low, high = found["this_model"]["apgr_interval"]
        yield f"{title}, APGR", f"{found['this_model']['apgr']:.3f} ({low:.3f} to {high:.3f}; {beside})", targets


def intents(folder: pathlib.Path, model: pathlib.Path):
    clinc = rows("clinc150")
    learned, held = split(folder, "clinc", clinc, lambda row: row["official_split"] in ("val", "oos_val"))
    options = ["--label", "intent", "--out-of-scope", "oos"]
    train(model, [learned], *options, "--oos-recall", 0.65)
    found = evaluate(model, held, *options[:2])
    yield (
        "CLINC150, in scope right / out of scope found",
        f"{found['in_scope_accuracy']:.3f} / {found['out_of_scope_recall']:.3f}",
        "91/60, 93/65, 96/75",
    )
    banking = rows("banking77")
    learned, held = split(folder, "banking", banking, lambda row: fifth(row["text"]))
    train(model, [learned], "--label", "category", "--shots", 10, "--folds", 0)
    yield "BANKING77, 10 examples a class, accuracy", f"{evaluate(model, held)['accuracy']:.3f}", ".74 / .82 / .86"


def main() -> None:
    if not DATA.is_dir():
        sys.exit(f"error: no data in {DATA}: SHARED names the folder")
    {"build": build, "eval": measure}.get(sys.argv[-1], lambda: sys.exit(__doc__))()


if __name__ == "__main__":
    main()
