import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from factory.localhub.store import Store, format_seconds, timestamp


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "hub")
    yield store
    store.close()


def test_a_store_keeps_its_identity_and_its_secret(store):
    again = Store(store.root)
    assert (again.secret, again.instance, again.default_user) == (store.secret, store.instance, "local")
    again.close()


def test_two_stores_are_told_apart(store, tmp_path):
    other = Store(tmp_path / "other")
    assert other.instance != store.instance
    assert other.secret != store.secret
    other.close()


def test_a_transaction_happens_as_a_whole_or_not_at_all(store):
    def fail_half_way():
        with store.transaction() as db:
            db.execute("INSERT INTO users (name, created) VALUES ('half', '')")
            raise KeyError

    with pytest.raises(KeyError):
        fail_half_way()
    assert store.db.execute("SELECT count(*) FROM users").fetchone()[0] == 0


def test_transactions_of_many_threads_follow_each_other(store):
    store.db.execute("INSERT INTO meta VALUES ('count', '0')")

    def count(_):
        with store.transaction() as db:
            value = int(db.execute("SELECT value FROM meta WHERE key = 'count'").fetchone()[0])
            db.execute("UPDATE meta SET value = ? WHERE key = 'count'", (str(value + 1),))
        store.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(40)))
    assert store.db.execute("SELECT value FROM meta WHERE key = 'count'").fetchone()[0] == "40"


def test_a_directory_of_another_version_is_not_touched(store):
    store.close()
    database = sqlite3.connect(store.root / "hub.sqlite")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(RuntimeError, match="has schema 99"):
        Store(store.root)


def test_times_are_written_as_the_hub_writes_them():
    assert format_seconds(0) == "1970-01-01T00:00:00.000Z"
    assert len(timestamp()) == len("1970-01-01T00:00:00.000Z")
