import io
from pathlib import Path

import pytest

from tests.localhub_pages.conftest import parquet, push


def rows(page):
    """Return the cells of the table of rows."""
    table = page.html.split('class="scroll rows"')[1].split("</table>")[0]
    return [
        [cell.split("</td>")[0] for cell in row.replace('<td class="long">', "<td>").split("<td>")[1:]]
        for row in table.split("<tbody>")[1].split("<tr>")[1:]
    ]


def test_a_dataset_shows_the_first_rows_with_labels_by_name(browse, release):
    page = browse("/datasets/alice/stance")
    assert rows(page)[:3] == [["text 0", "agree"], ["text 1", "neutral"], ["text 2", "disagree"]]
    assert len(rows(page)) == 20


def test_labels_are_counted_over_the_whole_split(browse, release):
    assert "3 labels in 45 rows" in browse("/datasets/alice/stance").text
    assert "agree 15 33.3 %" in browse("/datasets/alice/stance").text


def test_pages_go_on_over_row_groups_and_files(browse, release):
    texts = [row[0] for p in range(3) for row in rows(browse(f"/datasets/alice/stance?split=train&p={p}"))]
    assert texts == [f"text {number}" for number in range(45)]
    assert rows(browse("/datasets/alice/stance?p=9")) == []


def test_every_split_and_configuration_is_a_link_away(browse, release):
    page = browse("/datasets/alice/stance")
    assert page.links["test"] == "?config=default&split=test"
    assert rows(browse("/datasets/alice/stance?config=default&split=test"))[0] == ["text 45", "agree"]
    assert len(rows(browse(f"/datasets/alice/stance{page.links['rejected / train']}"))) == 2
    assert browse("/datasets/alice/stance?split=none").status == 404


@pytest.mark.parametrize("content", [b"PAR1 and no more", b"", parquet([("a", 0)])[:-20]])
def test_what_is_no_parquet_is_said_to_be_none(hub, browse, content):
    name = hub.repo("dataset")
    push(hub.api(), name, "dataset", {"train.parquet": content})
    page = browse(f"/datasets/{name}")
    assert page.status == 200
    assert "cannot be read as Parquet" in page.text


def test_without_parquet_there_is_a_sentence(hub, browse):
    assert "reads Parquet files" in browse(f"/datasets/{hub.repo('dataset')}").text


def test_cells_of_any_type_are_shown_and_escaped(hub, browse):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {
            "<b>": ["<script>alert(1)</script>", None, "x" * 600],
            "list": [[1, 2], [], None],
            "bytes": [b"abc", b"", None],
            "label": ["yes", "no", "yes"],
        }
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    name = hub.repo("dataset")
    push(hub.api(), name, "dataset", {"train.parquet": buffer.getvalue()})
    page = browse(f"/datasets/{name}")
    assert "script" not in {tag for tag, _ in page.tags}
    assert rows(page)[0][1:] == ["[1, 2]", "3 bytes", "yes"]
    assert rows(page)[2][0] == "x" * 500 + "…"
    assert "yes 2 66.7 %" in page.text


def test_files_that_differ_in_their_columns_are_shown_together(hub, browse):
    import pyarrow as pa
    import pyarrow.parquet as pq

    name, files = hub.repo("dataset"), {}
    for number, columns in enumerate([{"text": ["a"], "label": ["yes"]}, {"text": ["b"]}]):
        buffer = io.BytesIO()
        pq.write_table(pa.table(columns), buffer)
        files[f"train-{number}.parquet"] = buffer.getvalue()
    push(hub.api(), name, "dataset", files)
    assert rows(browse(f"/datasets/{name}")) == [["a", "yes"], ["b", "null"]]


def test_of_very_many_columns_the_first_are_shown(hub, browse):
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.table({f"column {number}": [number] for number in range(60)}), buffer)
    name = hub.repo("dataset")
    push(hub.api(), name, "dataset", {"train.parquet": buffer.getvalue()})
    page = browse(f"/datasets/{name}")
    assert len(rows(page)[0]) == 50
    assert "The first 50 of 60 columns" in page.text


def test_what_would_unfold_to_too_much_is_not_read(hub, browse):
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    table = pa.table({"text": [str(number) + "a" * 2**20 for number in range(140)]})
    pq.write_table(table, buffer, compression="zstd", use_dictionary=False)
    assert len(buffer.getvalue()) < 2**20
    name = hub.repo("dataset")
    push(hub.api(), name, "dataset", {"train.parquet": buffer.getvalue()})
    assert "too large for a preview" in browse(f"/datasets/{name}").text


def test_arrow_and_its_memory_are_not_in_the_server(hub, browse, release):
    assert rows(browse("/datasets/alice/stance?p=1"))
    assert "libarrow" not in Path(f"/proc/{hub.process.pid}/maps").read_text()
