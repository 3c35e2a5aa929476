"""Cards that both a release and people wrote to."""

from factory.release.card_text import BEGIN, END, GENERATED, add_section, front_matter, mark, merge_cards, read_card

OLD = front_matter({"license": "mit", "tags": ["a", "b"], "metrics": ["f1"]}) + "\n" + mark("# Old")
NEW = front_matter({"license": "mit", "tags": ["a", "b", "c"], "metrics": ["f1", "accuracy"]}) + "\n" + mark("# New")


def test_what_people_wrote_around_the_marks_is_kept():
    theirs = OLD.replace(BEGIN, f"Read this first.\n\n{BEGIN}") + "\n## Contact\n\nAsk Ada.\n"
    merged = merge_cards(NEW, theirs, OLD)
    assert merged.text == NEW.replace(BEGIN, f"Read this first.\n\n{BEGIN}") + "\n## Contact\n\nAsk Ada.\n"
    assert merged.clashes == []


def test_metadata_that_people_added_changed_or_removed_is_kept():
    theirs = OLD.replace("mit", "apache-2.0\nextra_gated_prompt: Ask first").replace("- b\n", "- z\n")
    metadata = read_card(merge_cards(NEW, theirs, OLD).text).metadata
    assert metadata["license"] == "apache-2.0"
    assert metadata["extra_gated_prompt"] == "Ask first"
    assert metadata["tags"] == ["a", "c", "z"]
    assert metadata["metrics"] == ["f1", "accuracy"]


def test_comments_in_metadata_stay_where_the_release_brings_nothing_new():
    theirs = OLD.replace("license: mit", "license: mit  # as agreed")
    assert "# as agreed" in merge_cards(OLD.replace("# Old", "# New"), theirs, OLD).text


def test_a_part_that_both_changed_is_the_releases_and_named():
    merged = merge_cards(NEW.replace("mit", "cc0-1.0"), OLD.replace("# Old", "# Mine").replace("mit", "bsd"), OLD)
    assert merged.clashes == ["`license`", GENERATED]
    assert merged.text == NEW.replace("mit", "cc0-1.0")


def test_a_card_whose_marks_somebody_removed_is_not_taken_for_untouched():
    merged = merge_cards(NEW, OLD.replace(BEGIN, "").replace(END, "") + "More.\n", OLD)
    assert merged.clashes == [GENERATED]


def test_an_untouched_card_without_marks_is_replaced():
    old = OLD.replace(f"{BEGIN}\n", "").replace(f"{END}\n", "")
    assert merge_cards(NEW, old, old).text == NEW
    assert merge_cards(NEW, old.replace("\n", "\r\n"), old).text == NEW


def test_a_section_goes_inside_the_marks():
    assert add_section(OLD, "## More\n\ntext\n").endswith(f"# Old\n\n## More\n\ntext\n{END}\n")
