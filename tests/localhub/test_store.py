import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from factory.localhub.accounts import authenticate, create_token, ensure_user
from factory.localhub.errors import HubError
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


def test_a_change_is_on_the_disk_before_it_is_acknowledged(store):
    with store.transaction() as db:
        settings = {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert settings == {"journal_mode": "wal", "synchronous": 2}, "2 is FULL: every commit is synced"


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
    with pytest.raises(HubError, match="has schema 99 of a newer hf-factory"):
        Store(store.root)


def test_times_are_written_as_the_hub_writes_them():
    assert format_seconds(0) == "1970-01-01T00:00:00.000Z"
    assert len(timestamp()) == len("1970-01-01T00:00:00.000Z")


def test_a_directory_of_the_first_version_is_brought_up_and_its_tokens_stay_good(store):
    with store.transaction() as db:
        token = create_token(db, ensure_user(db, "carol"), token=None, role="write", label="old")
        for table in ("deliveries", "webhooks", "likes", "members", "profiles"):
            db.execute(f"DROP TABLE {table}")
        for column in ("expires", "repos"):
            db.execute(f"ALTER TABLE tokens DROP COLUMN {column}")
        db.execute("PRAGMA user_version = 1")
    again = Store(store.root)
    account = authenticate(again, f"Bearer {token}")
    again.close()
    assert (account.name, account.role, account.repos) == ("carol", "write", None)
