"""Look at a new release beside the one that is published: what changed, and whether it is worse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from factory.data.examples import Example, read_examples
from factory.hub.before import Before, read_before, read_settings
from factory.hub.regression import Differences, compare_with_published
from factory.hub.target import Target
from factory.recipe import Recipe
from factory.release.news import Edition, News, points, show, tell_news
from factory.store import Store

if TYPE_CHECKING:
    from factory.pipeline import Release


@dataclass(frozen=True)
class Review:
    """What a release changes, how its files compare with the published ones, and whether worse is refused."""

    news: News = field(default_factory=News)
    differences: Differences = field(default_factory=dict)
    before: Before | None = None
    is_strict: bool = True

    def lines(self) -> Iterator[str]:
        """Yield what changed, for a terminal."""
        if self.before is None:
            yield "nothing is published yet"
            return
        yield f"against {self.before.manifest.version.tag}: {self.news.line}"
        for path, old, new in self.news.settings:
            yield f"  {path}: {show(old)} -> {show(new)}"
        for (student, format), measured in self.differences.items():
            for name, found in measured.items():
                yield f"  {student} ({format}) {name}: {points(found)} points on {found['rows']:,} gold rows"

    def as_json(self) -> dict[str, Any]:
        """Return the same for programs."""
        scores = [
            {"student": student, "format": format, **measured}
            for (student, format), measured in self.differences.items()
        ]
        settings = [{"setting": path, "before": old, "now": new} for path, old, new in self.news.settings]
        published = self.before.manifest.version.tag if self.before else None
        return {"published": published, "change": self.news.line, "settings": settings, "differences": scores}


def review_release(recipe: Recipe, release: Release, dataset_id: str, store: Store, target: Target) -> Review:
    """Return the review of a finished release; `dataset_id` is where its manifest goes. Raises HubError."""
    before = read_before(target, dataset_id, release.id)
    if before is None:
        return Review()
    gold = _read_gold(recipe, store, target)
    differences = compare_with_published(before, release.path, release.report, gold)
    number = before.manifest.version.version + 1
    settings = read_settings(release.path / "dataset" / "recipe.yaml")
    now = Edition(release.report, settings, f"version {number} (`release-{release.id}`)")
    versions = [(version.tag, version.change) for version in before.manifest.versions]
    news = tell_news(before.edition, now, differences, versions)
    return Review(news, differences, before, recipe.publish.require.not_worse_than_published)


def _read_gold(recipe: Recipe, store: Store, target: Target) -> list[Example]:
    """Return the gold rows that a recipe which is built is reported on."""
    from factory.bench import Bench
    from factory.hub.fetch import Fetcher

    trusted = Bench(recipe, store, Fetcher(target)).read_gold()
    return read_examples(trusted.reported.path / "gold.jsonl") if trusted else []
