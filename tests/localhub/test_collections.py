import pytest
from huggingface_hub.errors import HfHubHTTPError


@pytest.fixture
def collection(hub, request):
    return hub.api().create_collection(f"Things {request.node.name}"[:60], description="of a test")


def test_items_are_kept_in_order_with_their_notes(hub, collection):
    api, model, dataset = hub.api(), hub.repo(), hub.repo("dataset")
    api.add_collection_item(collection.slug, model, "model", note="first")
    api.add_collection_item(collection.slug, dataset, "dataset")
    items = api.get_collection(collection.slug).items
    assert [(item.item_id, item.item_type, item.note) for item in items] == [
        (model, "model", "first"),
        (dataset, "dataset", None),
    ]
    api.update_collection_item(collection.slug, items[0].item_object_id, position=1, note="last")
    items = api.get_collection(collection.slug).items
    assert [(item.item_id, item.note) for item in items] == [(dataset, None), (model, "last")]
    api.delete_collection_item(collection.slug, items[0].item_object_id)
    assert [item.item_id for item in api.get_collection(collection.slug).items] == [model]


def test_an_item_twice_is_a_409_and_one_that_does_not_exist_a_404(hub, collection):
    api, model = hub.api(), hub.repo()
    api.add_collection_item(collection.slug, model, "model")
    with pytest.raises(HfHubHTTPError, match="409"):
        api.add_collection_item(collection.slug, model, "model")
    with pytest.raises(HfHubHTTPError, match="404"):
        api.add_collection_item(collection.slug, model, "dataset")


def test_the_same_title_again_is_a_409_that_names_it(hub, collection):
    again = hub.api().create_collection(collection.title, exists_ok=True)
    assert again.slug == collection.slug


def test_a_renamed_collection_answers_under_both_slugs(hub, collection):
    api = hub.api()
    renamed = api.update_collection_metadata(collection.slug, title="Another title", theme="pink")
    assert renamed.slug != collection.slug
    assert api.get_collection(collection.slug).slug == renamed.slug
    assert renamed.theme == "pink"


def test_a_private_collection_and_private_items_are_hidden_from_others(hub, collection):
    api, secret = hub.api(), hub.repo(private=True)
    api.add_collection_item(collection.slug, secret, "model")
    assert [item.item_id for item in api.get_collection(collection.slug).items] == [secret]
    assert hub.api("bob").get_collection(collection.slug).items == []
    api.update_collection_metadata(collection.slug, private=True)
    with pytest.raises(HfHubHTTPError, match="404"):
        hub.api("bob").get_collection(collection.slug)
    assert collection.slug not in {c.slug for c in hub.api("bob").list_collections(owner="alice")}


def test_another_user_cannot_add_a_private_repository_to_see_whether_it_exists(hub):
    mine = hub.api("bob").create_collection("Probing")
    secret = hub.repo(private=True)
    for repo_id in (secret, "alice/does-not-exist"):
        with pytest.raises(HfHubHTTPError, match="404"):
            hub.api("bob").add_collection_item(mine.slug, repo_id, "model")


def test_others_change_nothing(hub, collection):
    bob = hub.api("bob")
    for change in (
        lambda: bob.update_collection_metadata(collection.slug, title="mine"),
        lambda: bob.delete_collection(collection.slug),
        lambda: bob.add_collection_item(collection.slug, hub.repo(user="bob"), "model"),
        lambda: bob.create_collection("x", namespace="alice"),
    ):
        with pytest.raises(HfHubHTTPError, match="403"):
            change()


def test_collections_are_listed_by_owner_and_item(hub, collection):
    api, model = hub.api(), hub.repo()
    api.add_collection_item(collection.slug, model, "model")
    assert collection.slug in {c.slug for c in api.list_collections(owner="alice")}
    assert [c.slug for c in api.list_collections(item=f"models/{model}")] == [collection.slug]
    api.delete_collection(collection.slug)
    assert [c.slug for c in api.list_collections(item=f"models/{model}")] == []


@pytest.mark.parametrize(
    "body", [{"title": ""}, {"title": "x" * 61}, {"title": 3}, {"title": "x", "description": "y" * 151}]
)
def test_texts_have_limits(hub, body):
    assert hub.request("POST", "/api/collections", user="alice", body=body).status == 400


def test_a_deleted_repository_leaves_its_collections(hub, collection):
    api, model = hub.api(), hub.repo()
    api.add_collection_item(collection.slug, model, "model")
    api.delete_repo(model)
    assert api.get_collection(collection.slug).items == []
