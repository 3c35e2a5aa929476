"""The front matter of the cards, which the Hub reads: licence, language, links, results."""

from __future__ import annotations

from typing import Any

from factory.evaluation.markdown import plain
from factory.evaluation.report import is_local
from factory.recipe import Task
from factory.release.contents import Contents
from factory.release.licensing import licenses
from factory.release.samples import choose_samples, is_presentable

BUCKETS = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))
MAX_SHORT_DESCRIPTION = 60  # the Hub's limit
HUB_METRICS = {
    "accuracy": ("accuracy", "Accuracy"),
    "macro_f1": ("f1", "Macro F1"),
    "micro_f1": ("f1", "Micro F1"),
    "matthews_correlation": ("matthews_correlation", "Matthews correlation"),
}
SDK_VERSION = "6.31.0"
Json = dict[str, Any]


def model_metadata(contents: Contents, student: str) -> Json:
    """Return the metadata of a student; results, and metrics at all, only where there is gold."""
    from huggingface_hub import ModelCardData

    base_model = _base_on_hub(contents, student)
    has_onnx = any(entry["format"] != "safetensors" for entry in contents.entries(student))
    results = _results(contents, student)
    extra: Json = {"base_model_relation": "finetune"} if base_model else {}
    if not contents.is_pair:  # the Hub's widget for text classification has one box
        extra["widget"] = _widget(contents, student)
    card = ModelCardData(
        library_name="transformers" if contents.is_network(student) else "hf-factory",
        pipeline_tag="text-classification",
        language=[contents.recipe.language],
        license=contents.recipe.license,
        base_model=base_model,
        datasets=[contents.dataset_id],
        metrics=list(dict.fromkeys(HUB_METRICS[name][0] for name in _metrics(contents))) if results else None,
        tags=["hf-factory", *_synthetic(contents), *(["onnx", "transformers.js"] if has_onnx else [])],
        eval_results=results,
        model_name=contents.model_id(student).split("/")[1] if results else None,
        **extra,
    )
    metadata: Json = card.to_dict()  # type: ignore[no-untyped-call]  # huggingface_hub leaves it untyped
    return {name: value for name, value in metadata.items() if value not in (None, [])}


def adapter_metadata(contents: Contents, student: str) -> Json:
    """Return the metadata of a student's adapter, whose results are those of the merged model."""
    base_model = _base_on_hub(contents, student)
    metadata = {
        "library_name": "peft",
        "pipeline_tag": "text-classification",
        "language": [contents.recipe.language],
        "license": contents.recipe.license,
        "base_model": base_model,
        "base_model_relation": "adapter" if base_model else None,
        "datasets": [contents.dataset_id],
        "tags": ["hf-factory", *_synthetic(contents), "lora"],
    }
    return {name: value for name, value in metadata.items() if value is not None}


def merged_metadata(contents: Contents, student: str) -> Json:
    """Return the metadata of a module's merged weights, a language model that no `pipeline` reads as a classifier."""
    metadata = adapter_metadata(contents, student)
    tags = ["hf-factory", *_synthetic(contents), "text-classification"]
    relation = {"base_model_relation": "finetune"} if "base_model" in metadata else {}
    return {**metadata, "library_name": "transformers", "pipeline_tag": "text-generation", "tags": tags, **relation}


def dataset_metadata(contents: Contents) -> Json:
    """Return the metadata of the dataset, with the columns and label names of both configurations."""
    recipe, sources = contents.recipe, contents.report["data"]["sources"]
    rows = contents.report["data"]["rows"]
    is_generated, is_found = "generated" in sources, "texts" in sources
    splits = [{"split": name, "path": f"data/{name}-*"} for name in contents.report["data"]["splits"]]
    configs: list[Json] = [{"config_name": "default", "data_files": splits, "default": True}]
    if contents.rejected:
        configs.append({"config_name": "rejected", "data_files": "rejected/*.parquet"})
    return {
        "pretty_name": plain(recipe.title),
        "language": [recipe.language],
        "license": licenses(contents),
        "task_categories": ["text-classification"],
        "task_ids": ["multi-label-classification" if contents.is_multi_label else "multi-class-classification"],
        "annotations_creators": ["machine-generated"],
        "language_creators": [*(["machine-generated"] if is_generated else []), *(["found"] if is_found else [])],
        "multilinguality": ["monolingual"],
        "size_categories": [next((name for limit, name in BUCKETS if rows < limit), "1M<n<10M")],
        "source_datasets": [recipe.texts.dataset if recipe.texts and recipe.texts.dataset else "original"],
        "tags": ["hf-factory", *_synthetic(contents)],
        "configs": configs,
        "dataset_info": [_features(config["config_name"], recipe.task) for config in configs],
    }


def space_metadata(contents: Contents, student: str) -> Json:
    """Return the settings by which a Hub runs the Space that shows `student`."""
    recipe, model = contents.recipe, contents.model_id(student)
    question = plain(recipe.task.question)
    short = question if len(question) <= MAX_SHORT_DESCRIPTION else f"{question[: MAX_SHORT_DESCRIPTION - 3]}..."
    return {
        "title": plain(recipe.title),
        "emoji": "🏷️",
        "colorFrom": "indigo",
        "colorTo": "green",
        "sdk": "gradio",
        "sdk_version": SDK_VERSION,
        "python_version": "3.12",
        "app_file": "app.py",
        "short_description": short,
        "license": recipe.license,
        "models": [contents.model_id(settings.name) for settings in recipe.students],
        "datasets": [contents.dataset_id],
        "preload_from_hub": [f"{model} config.json,model.safetensors,tokenizer.json,tokenizer_config.json"],
        "suggested_hardware": "cpu-basic",
        "tags": ["text-classification", "hf-factory", "mcp-server"],
        "pinned": False,
    }


def _results(contents: Contents, student: str) -> list[Any] | None:
    """Return the results on gold of the safetensors file, which is what a pipeline loads."""
    from huggingface_hub import EvalResult

    gold, settings = contents.entries(student)[0]["gold"], contents.recipe.gold
    if not gold or not settings:
        return None
    return [
        EvalResult(
            task_type="text-classification",
            dataset_name=f"{plain(contents.recipe.title)}: gold labelled by {plain(settings.labelled_by)}",
            dataset_type=settings.dataset or contents.dataset_id,
            dataset_split=settings.split if settings.dataset else None,
            dataset_revision=settings.revision if settings.dataset else contents.tag,
            dataset_args={"rows": gold["rows"], "sha256": contents.report["gold"]["sha256"]},
            metric_type=HUB_METRICS[name][0],
            metric_name="Exact match" if name == "accuracy" and contents.is_multi_label else HUB_METRICS[name][1],
            metric_value=gold[name]["value"],
            metric_args={"average": name.split("_")[0]} if name.endswith("_f1") else None,
        )
        for name in _metrics(contents)
    ]


def _metrics(contents: Contents) -> list[str]:
    """Return the names in a report of the metrics that its kind of task has."""
    return ["accuracy", "macro_f1", "micro_f1" if contents.is_multi_label else "matthews_correlation"]


def _widget(contents: Contents, student: str) -> list[Json]:
    """Return held-out texts with what the model really said of them."""
    said, labels = contents.predictions[student], contents.recipe.task.names
    samples = choose_samples(contents.splits["held_out"], labels, min(max(len(labels), 3), 6))
    return [{"text": row.text, "output": _output(said[row.id])} for row in samples if is_presentable(row)]


def _output(said: Json) -> list[Json]:
    """Return labels with scores, the best first: the one label, or all of a multi-label task."""
    scores = said["score"].items() if isinstance(said["score"], dict) else [(said["answer"], said["score"])]
    return [{"label": label, "score": score} for label, score in sorted(scores, key=lambda item: -item[1])]


def _base_on_hub(contents: Contents, student: str) -> str | None:
    """Return the id of the base model; None for a student that has none, or one from a folder."""
    base_model = contents.settings(student).get("base_model")
    return base_model if base_model and not is_local(base_model) else None


def _features(config: str, task: Task) -> Json:
    names = {"class_label": {"names": {str(number): label for number, label in enumerate(task.names)}}}
    is_pair, is_multi_label = task.kind == "pair", task.kind == "multi-label"
    columns: list[Json] = [
        {"name": "id", "dtype": "string"},
        {"name": "text", "dtype": "string"},
        *([{"name": "text_pair", "dtype": "string"}] if is_pair else []),
        {"name": "labels", "list": names} if is_multi_label else {"name": "label", "dtype": names},
        {"name": "asked_for", "dtype": "string"},
        {"name": "confidence", "dtype": "float32"},
        {"name": "probabilities", "list": "float32"},
        {"name": "source", "dtype": "string"},
        {"name": "attributes", "dtype": "string"},
    ]
    reason = [{"name": "reason", "dtype": "string"}] if config == "rejected" else []
    return {"config_name": config, "features": [*columns, *reason]}


def _synthetic(contents: Contents) -> list[str]:
    return ["synthetic"] if "generated" in contents.report["data"]["sources"] else []
