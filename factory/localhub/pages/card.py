"""A card's Markdown as HTML that can do nothing: no scripts, styles or frames, and no pictures from other sites."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from factory.localhub.calls import Call
from factory.localhub.metadata import FRONT_MATTER
from factory.localhub.pages.links import find_page
from factory.localhub.repos import Repo

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token
    from markupsafe import Markup

_MAX_CHARACTERS = 128 * 2**10  # what takes a second or two to render at worst: deep nesting costs its square
_ANCHOR = "card-"
_SCHEMES = {"http", "https", "mailto"}
_TAGS = """
a abbr b blockquote br caption center code dd del details div dl dt em figcaption figure h2 h3 h4 h5 h6 hr i img ins
kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var
"""
_SILENT_TAGS = "button iframe math noscript object script select style svg template textarea title video"
_HEADING = re.compile(r"(</?)h1\b", re.IGNORECASE)
_ALIGNED = ("div", "h2", "h3", "h4", "h5", "h6", "p", "td", "th")
_ATTRIBUTES = {
    "*": {"title"},
    "a": {"href"},
    "details": {"open"},
    "img": {"alt", "height", "src", "width"},
    "ol": {"start"},
    **{tag: {"align", "id"} for tag in _ALIGNED},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
}


def render_card(call: Call, repo: Repo, rev: str, text: str) -> Markup | None:
    """Return the HTML of a card without its metadata, None when it is too long.

    Headings go one level down, below the page's own; relative links lead to the repository's files, links to
    repositories that are here lead to their pages here.
    """
    import nh3
    from markupsafe import Markup

    body = FRONT_MATTER.sub("", text, count=1)
    if len(body) > _MAX_CHARACTERS:
        return None
    return Markup(
        nh3.clean(
            _markdown().render(body),
            tags=set(_TAGS.split()),
            clean_content_tags=set(_SILENT_TAGS.split()),
            attributes=_ATTRIBUTES,
            attribute_filter=_attribute_filter(call, repo, rev),
            url_schemes=_SCHEMES,
            link_rel="noopener noreferrer nofollow",
        )
    )


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    markdown.core.ruler.push("card", lambda state: _adapt(state.tokens))
    return markdown


def _adapt(tokens: list[Token]) -> None:
    """Lower headings, give those of Markdown anchors, and align cells without a style, which the page would refuse."""
    taken: Counter[str] = Counter()
    for token, following in zip_longest(tokens, tokens[1:]):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
        if token.type == "heading_open" and following is not None:
            token.attrSet("id", _anchor(following.content, taken))
        if token.type == "html_block":
            token.content = _HEADING.sub(r"\1h2", token.content)
        if token.type in ("th_open", "td_open"):
            style = str(token.attrs.pop("style", ""))
            if style.startswith("text-align:"):
                token.attrSet("align", style.removeprefix("text-align:"))


def _anchor(title: str, taken: Counter[str]) -> str:
    slug = re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
    taken[slug] += 1
    return f"{_ANCHOR}{slug}" if taken[slug] == 1 else f"{_ANCHOR}{slug}-{taken[slug] - 1}"


def _attribute_filter(call: Call, repo: Repo, rev: str) -> Callable[[str, str, str], str | None]:
    def keep(tag: str, name: str, value: str) -> str | None:
        if name == "href":
            return _link(call, repo, rev, value)
        if name == "src":
            return _picture(repo, rev, value)
        if name == "id":
            return value if value.startswith(_ANCHOR) else _ANCHOR + value
        return value

    return keep


def _link(call: Call, repo: Repo, rev: str, target: str) -> str | None:
    """Return where a link leads, None for nowhere."""
    if target.startswith("#"):
        return f"#{_ANCHOR}{target[1:]}"
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    if parts.scheme in ("http", "https"):
        return find_page(call, target) or target
    if parts.scheme == "mailto":
        return target
    path = _inside(target)
    return f"/{repo.path}/blob/{quote(rev, safe='')}/{path}" if path else None


def _picture(repo: Repo, rev: str, source: str) -> str | None:
    """Return the address of a picture of this repository, None for any other."""
    path = _inside(source)
    return f"/{repo.path}/resolve/{quote(rev, safe='')}/{path}" if path else None


def _inside(target: str) -> str | None:
    """Return the quoted path of a file that a relative address names, None when it leads out of the repository."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    path = posixpath.normpath(unquote(parts.path))
    if parts.scheme or parts.netloc or not parts.path or path.startswith(("/", "..", ".", "\\")):
        return None
    return quote(path)
