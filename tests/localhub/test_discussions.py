import pytest
from huggingface_hub.errors import HfHubHTTPError


@pytest.fixture
def thread(hub):
    repo_id = hub.repo()
    return repo_id, hub.api("bob").create_discussion(repo_id, title="A question", description="Why?").num


def test_anybody_may_open_and_answer_a_discussion(hub, thread):
    repo_id, num = thread
    hub.api().comment_discussion(repo_id, num, "Because.")
    details = hub.api().get_discussion_details(repo_id, num)
    assert (details.title, details.author, details.status) == ("A question", "bob", "open")
    assert [(event.author, event.content) for event in details.events] == [("bob", "Why?"), ("alice", "Because.")]


def test_numbers_count_up_in_each_repository(hub, thread):
    repo_id, num = thread
    assert (num, hub.api().create_discussion(repo_id, title="Another one").num) == (1, 2)
    assert hub.api().create_discussion(hub.repo(), title="Elsewhere").num == 1


def test_the_owner_and_the_author_rename_and_close(hub, thread):
    repo_id, num = thread
    hub.api("bob").rename_discussion(repo_id, num, "Renamed")
    hub.api().change_discussion_status(repo_id, num, "closed", comment="done")
    details = hub.api().get_discussion_details(repo_id, num)
    assert (details.title, details.status) == ("Renamed", "closed")
    assert [event.type for event in details.events] == ["comment", "title-change", "status-change"]


def test_a_third_person_changes_nothing(hub):
    repo_id = hub.repo()
    num = hub.api().create_discussion(repo_id, title="Mine").num
    with pytest.raises(HfHubHTTPError, match="403"):
        hub.api("bob").rename_discussion(repo_id, num, "Yours")
    with pytest.raises(HfHubHTTPError, match="403"):
        hub.api("bob").change_discussion_status(repo_id, num, "closed")


@pytest.mark.filterwarnings("ignore:Hidden comments:UserWarning")
def test_a_comment_is_edited_by_its_author_and_hidden_by_the_owner(hub, thread):
    repo_id, num = thread
    comment = hub.api("bob").get_discussion_details(repo_id, num).events[0]
    with pytest.raises(HfHubHTTPError, match="403"):
        hub.api().edit_discussion_comment(repo_id, num, comment.id, "changed by another")
    assert hub.api("bob").edit_discussion_comment(repo_id, num, comment.id, "Why not?").edited
    assert hub.api().hide_discussion_comment(repo_id, num, comment.id).hidden
    shown = hub.api().get_discussion_details(repo_id, num).events[0]
    assert (shown.hidden, shown.content) == (True, "")


def test_discussions_are_filtered(hub, thread):
    repo_id, num = thread
    api = hub.api()
    pull = api.create_pull_request(repo_id, title="A change").num
    api.change_discussion_status(repo_id, num, "closed")

    def found(**asked):
        return {discussion.num for discussion in api.get_repo_discussions(repo_id, **asked)}

    assert found() == {num, pull}
    assert found(discussion_type="pull_request") == {pull}
    assert found(discussion_status="closed") == {num}
    assert found(author="bob") == {num}


def test_many_discussions_come_in_pages(hub):
    repo_id = hub.repo()
    for number in range(11):
        hub.request("POST", f"/api/models/{repo_id}/discussions", user="alice", body={"title": f"Number {number}"})
    assert [d.num for d in hub.api().get_repo_discussions(repo_id)] == list(range(11, 0, -1))


@pytest.mark.parametrize(("num", "status"), [("2", 404), ("x", 404), ("0", 404), ("99999999999999999999", 404)])
def test_a_discussion_that_is_none(hub, thread, num, status):
    assert hub.request("GET", f"/api/models/{thread[0]}/discussions/{num}").status == status


@pytest.mark.parametrize("title", ["", "  a  ", None, 5])
def test_a_title_is_needed(hub, thread, title):
    answer = hub.request("POST", f"/api/models/{thread[0]}/discussions", user="alice", body={"title": title})
    assert answer.status == 400
