"""Try a small text classifier: type a text, or the two of a pair, and see how sure the model is of each label.

What is particular to one model is in demo.json beside this file. MODEL=FOLDER takes the model from the disk.
"""

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gradio as gr
from transformers import pipeline

HUB = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
DEMO: dict[str, Any] = json.loads(Path(__file__).with_name("demo.json").read_text(encoding="utf-8"))
BOXES: list[str] = DEMO.get("boxes", [])
THRESHOLDS: dict[str, float] = DEMO.get("thresholds", {})
FONTS = ["system-ui", "sans-serif"]  # the visitor's own: the default theme fetches some from a third party
THEME = gr.themes.Default(primary_hue="indigo", font=FONTS, font_mono=FONTS)
CSS = """
.gradio-container { max-width: 960px !important; margin: 0 auto; }
.about table { width: 100%; }
.about table, .about tr, .about th, .about td { border: 0 !important; }
.about tr { border-bottom: 1px solid var(--border-color-primary) !important; }
.about th, .about td { padding: 6px 12px 6px 0 !important; text-align: left; vertical-align: top; }
"""

if folder := os.environ.get("MODEL"):
    classifier = pipeline("text-classification", folder, truncation=True)
else:
    classifier = pipeline("text-classification", DEMO["model"], revision=DEMO["revision"], truncation=True)


def classify(text: str) -> dict[str, float]:
    """Give every label a confidence between 0 and 1 for one text.

    Args:
        text: The text to label; what is longer than the model can read is cut off.
    """
    if not text.strip():
        raise gr.Error("There is no text yet: type one, or choose an example.", print_exception=False)
    return score(text)


def classify_pair(text: str, text_pair: str) -> dict[str, float]:
    """Give every label a confidence between 0 and 1 for two texts together.

    Args:
        text: The first text; of both together, what is longer than the model can read is cut off.
        text_pair: The second text.
    """
    if not (text.strip() and text_pair.strip()):
        raise gr.Error("Both texts are needed: type them, or choose an example.", print_exception=False)
    return score({"text": text, "text_pair": text_pair})


def score(given: str | dict[str, str]) -> dict[str, float]:
    """Return the confidence of every label."""
    return {answer["label"]: answer["score"] for answer in classifier(given, top_k=None)}


def choose(scores: dict[str, float] | None) -> str:
    """Return the labels whose scores reach their thresholds, in a line."""
    found = [label for label, least in THRESHOLDS.items() if (scores or {}).get(label, -1.0) >= least]
    return ", ".join(found) or "none of them"


def table(title: str, rows: list[tuple[str, str]]) -> str:
    """Return a Markdown table with a heading above its first column."""
    return "\n".join([f"| {title} | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def meaning(label: str, said: str) -> str:
    """Return what a label means, and from which confidence on it applies."""
    return f"{said} *(from {THRESHOLDS[label]:.2f} on)*" if label in THRESHOLDS else said


def origin() -> str:
    """Return where the model is from, and how much of a text it reads."""
    model, dataset = DEMO["model"], DEMO["dataset"]
    return (
        f"Model [{model}]({HUB}/{model}) (`{DEMO['revision']}`), trained on [{dataset}]({HUB}/datasets/{dataset}). "
        f"It reads the first {classifier.tokenizer.model_max_length} tokens of {'a pair' if BOXES else 'a text'}."
    )


with gr.Blocks(title=DEMO["title"], analytics_enabled=False) as demo:
    gr.Markdown(f"# {DEMO['title']}\n\n{DEMO['description']}")
    with gr.Row():
        with gr.Column():
            names = BOXES or [DEMO["question"]]
            texts = [
                gr.Textbox(label=name, placeholder="Type a text", lines=5 - len(BOXES), max_lines=12) for name in names
            ]
            button = gr.Button("Classify", variant="primary")
        with gr.Column():
            answer = gr.Label(label="Answer", num_top_classes=len(THRESHOLDS) or 10, show_heading=not THRESHOLDS)
            if THRESHOLDS:
                chosen = gr.Textbox(label="Labels that apply", interactive=False)
                answer.change(choose, inputs=answer, outputs=chosen, api_visibility="private")
    gr.Examples(DEMO["examples"], inputs=texts, label="Texts that the model was not trained on")
    with gr.Row(elem_classes="about"):
        with gr.Column():
            meanings = [(f"**{label}**", meaning(label, said)) for label, said in DEMO["labels"].items()]
            gr.Markdown(table("What the labels mean", meanings))
        if DEMO["scoreboard"]:
            with gr.Column():
                scores = [(row["name"], str(row["score"])) for row in DEMO["scoreboard"]]
                gr.Markdown(f"{table('How well it does', scores)}\n\n{DEMO['caption']}")
    gr.Markdown(origin())
    gr.on(
        [button.click, *(box.submit for box in texts)],
        classify_pair if BOXES else classify,
        inputs=texts,
        outputs=answer,
        api_name="classify",
    )

if __name__ == "__main__":
    demo.launch(theme=THEME, css=CSS, mcp_server=find_spec("mcp") is not None)
