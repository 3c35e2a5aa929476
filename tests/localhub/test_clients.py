def test_models_and_tokenizers_are_pushed_and_run_by_name(hub, run_client):
    code = """
from pathlib import Path
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast, pipeline
Path("vocab.txt").write_text("\\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello"]))
tiny = dict(vocab_size=6, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
config = BertConfig(**tiny, id2label={0: "bad", 1: "good"}, label2id={"bad": 0, "good": 1})
BertForSequenceClassification(config).push_to_hub("alice/tiny-bert", private=True)
BertTokenizerFast(vocab_file="vocab.txt").push_to_hub("alice/tiny-bert")
print(pipeline(model="alice/tiny-bert")("hello")[0]["label"])
"""
    assert run_client(hub, code).split()[-1] in ("bad", "good")
    assert hub.api().model_info("alice/tiny-bert").private


def test_datasets_are_pushed_and_loaded_by_name(hub, run_client):
    code = """
from datasets import Dataset, DatasetDict, load_dataset
rows = {"text": ["a", "b"] * 20, "label": [0, 1] * 20}
splits = DatasetDict(train=Dataset.from_dict(rows), test=Dataset.from_dict({"text": ["c"], "label": [1]}))
splits.push_to_hub("alice/tiny-data")
old = load_dataset("alice/tiny-data", revision="main")
DatasetDict(train=Dataset.from_dict({"text": ["z"], "label": [0]})).push_to_hub("alice/tiny-data", "second")
second = load_dataset("alice/tiny-data", "second", split="train")
print(second["text"][:], old["train"].num_rows, old["test"]["label"][:])
"""
    assert run_client(hub, code).splitlines()[-1] == "['z'] 40 [1]"


def test_three_hundred_files_arrive(hub, run_client, tmp_path):
    folder = tmp_path / "many"
    for number in range(300):
        path = folder / f"d{number % 7}" / f"{number}.{'bin' if number % 10 == 0 else 'txt'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"file {number}")
    hub.api().create_repo("alice/many")
    upload = f"HfApi().upload_folder(folder_path={str(folder)!r}, repo_id='alice/many')"
    run_client(hub, f"from huggingface_hub import HfApi; {upload}")
    files = hub.api().list_repo_files("alice/many")
    assert len(files) == 301
    assert hub.read("alice/many", "d3/10.bin") == b"file 10"
