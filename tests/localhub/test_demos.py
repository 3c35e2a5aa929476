import socket

from factory.localhub.demos import find_demo, noted_demo


def test_a_demo_is_found_while_it_is_noted_and_answers(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as app:
        port = app.getsockname()[1]
        with noted_demo(tmp_path, "alice/Space", port):
            assert find_demo(tmp_path, "alice/space") == f"http://127.0.0.1:{port}"
            assert find_demo(tmp_path, "alice/other") is None
        assert find_demo(tmp_path, "alice/space") is None


def test_one_that_died_without_a_word_is_not_found(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as app:
        port = app.getsockname()[1]
    with noted_demo(tmp_path, "alice/space", port):
        assert find_demo(tmp_path, "alice/space") is None


def test_a_name_stays_in_its_folder(tmp_path):
    with noted_demo(tmp_path, "../../x", 1):
        assert [path.parent.name for path in tmp_path.rglob("*.json")] == ["demos"]
