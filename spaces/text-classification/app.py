"""Try a small text classifier: type a text, see how sure the model is of each label.

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
    return {answer["label"]: answer["score"] for answer in classifier(text, top_k=None)}


def table(title: str, rows: list[tuple[str, str]]) -> str:
    """Return a Markdown table with a heading above its first column."""
    return "\n".join([f"| {title} | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def origin() -> str:
    """Return where the model is from, and how much of a text it reads."""
    model, dataset = DEMO["model"], DEMO["dataset"]
    return (
        f"Model [{model}]({HUB}/{model}) (`{DEMO['revision']}`), trained on [{dataset}]({HUB}/datasets/{dataset}). "
        f"It reads the first {classifier.tokenizer.model_max_length} tokens of a text."
    )


with gr.Blocks(title=DEMO["title"], analytics_enabled=False) as demo:
    gr.Markdown(f"# {DEMO['title']}\n\n{DEMO['description']}")
    with gr.Row():
        with gr.Column():
            text = gr.Textbox(label=DEMO["question"], placeholder="Type a text", lines=5, max_lines=12)
            button = gr.Button("Classify", variant="primary")
        answer = gr.Label(label="Answer", num_top_classes=10)
    gr.Examples(DEMO["examples"], inputs=text, label="Texts that the model was not trained on")
    with gr.Row(elem_classes="about"):
        with gr.Column():
            gr.Markdown(
                table("What the labels mean", [(f"**{name}**", said) for name, said in DEMO["labels"].items()])
            )
        if DEMO["scoreboard"]:
            with gr.Column():
                scores = [(row["name"], str(row["score"])) for row in DEMO["scoreboard"]]
                gr.Markdown(f"{table('How well it does', scores)}\n\n{DEMO['caption']}")
    gr.Markdown(origin())
    gr.on([button.click, text.submit], classify, inputs=text, outputs=answer, api_name="classify")

if __name__ == "__main__":
    demo.launch(theme=THEME, css=CSS, mcp_server=find_spec("mcp") is not None)
