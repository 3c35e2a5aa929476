def test_likes_are_counted_listed_and_sorted_by(hub):
    first, second = hub.repo(), hub.repo()
    for user in ("alice", "bob"):
        assert hub.request("POST", f"/api/models/{second}/like", user=user).status == 200
    assert hub.request("POST", f"/api/models/{second}/like", user="bob").status == 200
    assert hub.api().model_info(second).likes == 2
    assert [liker.username for liker in hub.api().list_repo_likers(second)] == ["alice", "bob"]
    ordered = [model.id for model in hub.api().list_models(sort="likes")]
    assert ordered.index(second) < ordered.index(first)
    hub.api("bob").unlike(second)
    assert hub.api().model_info(second).likes == 1
    assert hub.api().list_liked_repos("bob").models == []


def test_a_liked_repository_that_became_private_is_not_listed(hub):
    name = hub.repo()
    hub.request("POST", f"/api/models/{name}/like", user="bob")
    hub.api().update_repo_settings(name, visibility="private")
    assert name not in hub.api("bob").list_liked_repos("bob").models
    assert hub.request("GET", "/api/users/nobody/likes").status == 404
    assert hub.request("POST", f"/api/models/{hub.repo()}/like", user="reader").status == 403
