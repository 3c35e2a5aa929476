"""The terms that are known here: of licences by their id on the Hub, and of whoever sells a teacher's answers.

Each names the page and the clause, which was looked up in November 2026 in a copy of the text that a public repository
keeps, not on the page itself. The page has the last word: Gemma's terms were those of March 2025, and `as_of` is when
the terms that were read of who sells answers had come into force.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

NON_COMMERCIAL, SHARE_ALIKE, NO_DERIVATIVES = "non-commercial", "share-alike", "no-derivatives"
GNU = "https://www.gnu.org/licenses"
PASSED_ON = "passed-on"  # its own terms go on with what is made from it


@dataclass(frozen=True)
class Terms:
    """What is asked of whoever shares something made from a part, and where that is written.

    `outputs` is what is asked of a model that learned from what the part wrote; `limits` are of what else may be done;
    `under` are the licences that what is made from it may carry, where it limits them; `shown` is a line for the card
    and `name_begins` how a model's name must begin, where `asks` or `outputs` has these words.
    """

    url: str
    clause: str
    asks: str
    outputs: str = ""
    limits: frozenset[str] = frozenset()
    under: tuple[str, ...] = ()
    shown: str = ""
    name_begins: str = ""
    as_of: str = ""

    @property
    def source(self) -> str:
        """Where it is written."""
        return f"{self.clause} of {self.url}" + (f", as of {self.as_of}" if self.as_of else "")


@dataclass(frozen=True)
class Family:
    """Teachers known by their model's name or their server's; `license` where the weights have one of LICENSES."""

    owner: str
    name: re.Pattern[str]
    host: str = ""
    terms: Terms | None = None
    license: str = ""


def find_terms(license_id: str) -> Terms | None:
    """Return what a licence asks, None for one that is not known here."""
    return LICENSES.get(license_id.strip().lower())


def find_family(model: str, host: str) -> Family | None:
    """Return whose model a teacher is; a server of the owner's own comes before a name."""
    by_host = (family for family in FAMILIES if family.host and host.endswith(family.host))
    by_name = (family for family in FAMILIES if family.name.search(model.lower()))
    return next(by_host, None) or next(by_name, None)


def _creative_commons(kind: str, version: str) -> Terms:
    """Return the terms of the Creative Commons licence of a kind such as `by-nc-sa`."""
    parts = kind.split("-")
    asks = ["to credit the author and name the licence"]
    limits, under = set(), list[str]()
    if "nc" in parts:
        asks.append("to make no commercial use of it")
        limits.add(NON_COMMERCIAL)
    if "sa" in parts:
        asks.append("to share what is adapted from it under the same licence")
        limits.add(SHARE_ALIKE)
        under += [f"cc-{kind}-{number}" for number in ("2.0", "3.0", "4.0") if number >= version]
        under += ["gpl-3.0"] if (kind, version) == ("by-sa", "4.0") else []
    if "nd" in parts:
        asks.append("to share nothing that is adapted from it")
        limits.add(NO_DERIVATIVES)
    clause = "sections 2 and 3" if version == "4.0" else "sections 3 and 4"
    url = f"https://creativecommons.org/licenses/{kind}/{version}/legalcode"
    return Terms(url, clause, " and ".join(asks), limits=frozenset(limits), under=tuple(under))


def _copyleft(url: str, clause: str, *under: str) -> Terms:
    asks = "to share what is based on it under the same licence" + (", with its source" if url.startswith(GNU) else "")
    return Terms(url, clause, asks, limits=frozenset({SHARE_ALIKE}), under=under)


def _use_limits(url: str, outputs: str) -> Terms:
    asks = "to pass its list of forbidden uses on with what is made from it"
    return Terms(url, "paragraphs 1, 4 and 5 and attachment A", asks, outputs, frozenset({PASSED_ON}))


def _llama(version: str, shown: str = "Built with Llama", name_begins: str = "Llama") -> Terms:
    naming = f"to begin the name of the model with {name_begins}"
    asks = f"to pass its agreement on, to show the words {shown}, and {naming}"
    url = f"https://www.llama.com/{version}/license/"
    limits = frozenset({PASSED_ON})
    return Terms(url, "section 1.b.i", asks, naming, limits, shown=shown, name_begins=name_begins)


NOTICE = "to keep its copyright notice and its text"
NOTHING = "nothing"
LLAMA_OUTPUTS = "that its outputs improve no other large language model"
LEARNED = "to treat a model trained on its outputs as made from it, which its terms go on with"
LEARNED_TO_BE_LIKE_IT = LEARNED.replace("outputs", "outputs to perform like it")
LICENSES: dict[str, Terms] = {
    "apache-2.0": Terms(
        "https://www.apache.org/licenses/LICENSE-2.0",
        "section 4",
        "to pass its text and notices on, and to say what was changed",
    ),
    "mit": Terms("https://opensource.org/license/mit", "paragraph 2", NOTICE),
    "isc": Terms("https://opensource.org/license/isc-license-txt", "paragraph 1", NOTICE),
    "bsd-2-clause": Terms("https://opensource.org/license/bsd-2-clause", "clauses 1 and 2", NOTICE),
    "bsd-3-clause": Terms("https://opensource.org/license/bsd-3-clause", "clauses 1 to 3", NOTICE),
    "unlicense": Terms("https://unlicense.org", "paragraphs 1 and 2", NOTHING),
    "cc0-1.0": Terms("https://creativecommons.org/publicdomain/zero/1.0/legalcode", "section 2", NOTHING),
    **{
        f"cc-{kind}-{version}": _creative_commons(kind, version)
        for kind in ("by", "by-sa", "by-nc", "by-nc-sa", "by-nd", "by-nc-nd")
        for version in ("2.0", "3.0", "4.0")
    },
    "odc-by": Terms(
        "https://opendatacommons.org/licenses/by/1-0/",
        "sections 4.2 and 4.3",
        "to keep its notices and to name it and the database",
    ),
    "odbl": _copyleft("https://opendatacommons.org/licenses/odbl/1-0/", "section 4.4", "odbl"),
    "cdla-permissive-2.0": Terms("https://cdla.dev/permissive-2-0/", "section 2", "to pass its text on"),
    "cdla-sharing-1.0": _copyleft("https://cdla.dev/sharing-1-0/", "section 3", "cdla-sharing-1.0"),
    "gpl-3.0": _copyleft(f"{GNU}/gpl-3.0.html", "sections 5 and 6", "gpl-3.0", "agpl-3.0"),
    "agpl-3.0": _copyleft(f"{GNU}/agpl-3.0.html", "sections 5, 6 and 13", "agpl-3.0"),
    "lgpl-3.0": _copyleft(f"{GNU}/lgpl-3.0.html", "section 2", "lgpl-3.0", "gpl-3.0", "agpl-3.0"),
    "bigscience-bloom-rail-1.0": _use_limits(
        "https://huggingface.co/spaces/bigscience/license", LEARNED_TO_BE_LIKE_IT
    ),
    "creativeml-openrail-m": _use_limits(
        "https://huggingface.co/spaces/CompVis/stable-diffusion-license", LEARNED_TO_BE_LIKE_IT
    ),
    "bigcode-openrail-m": _use_limits(
        "https://huggingface.co/spaces/bigcode/bigcode-model-license-agreement", LEARNED
    ),
    "llama2": Terms(
        "https://ai.meta.com/llama/license/",
        "section 1.b",
        "to pass its agreement and its notice on",
        LLAMA_OUTPUTS,
        frozenset({PASSED_ON}),
    ),
    "llama3": replace(
        _llama("llama3", "Built with Meta Llama 3", "Llama 3"), outputs=LLAMA_OUTPUTS, clause="section 1.b"
    ),
    "llama3.1": _llama("llama3_1"),
    "llama3.2": _llama("llama3_2"),
    "llama3.3": _llama("llama3_3"),
    "llama4": _llama("llama4"),
    "gemma": Terms(
        "https://ai.google.dev/gemma/terms",
        "sections 1.1 (e) and 3.1",
        "to pass its terms, its list of forbidden uses and its notice on",
        LEARNED_TO_BE_LIKE_IT,
        frozenset({PASSED_ON}),
    ),
    "qwen": Terms(
        "https://huggingface.co/Qwen/Qwen2.5-72B-Instruct/blob/main/LICENSE",
        "sections 3 and 5.b",
        "to pass its agreement on and to show the words Built with Qwen",
        "to show the words Built with Qwen",
        frozenset({PASSED_ON}),
        shown="Built with Qwen",
    ),
    "qwen-research": Terms(
        "https://huggingface.co/Qwen/Qwen2.5-3B-Instruct/blob/main/LICENSE",
        "sections 2, 3 and 4.b",
        "to make no commercial use of it, to pass its agreement on and to show the words Built with Qwen",
        "to show the words Built with Qwen",
        frozenset({NON_COMMERCIAL, PASSED_ON}),
        shown="Built with Qwen",
    ),
    "fair-noncommercial-research-license": Terms(
        "https://huggingface.co/facebook/fair-noncommercial-research-license/blob/main/LICENSE",
        "section 1.b",
        "to make no commercial use of it, and to share what is made from it only under its agreement",
        "to make no commercial use of its outputs",
        frozenset({NON_COMMERCIAL, SHARE_ALIKE}),
        under=("fair-noncommercial-research-license",),
    ),
}
FAMILIES = (
    Family("gpt-oss", re.compile(r"gpt-oss"), license="apache-2.0"),
    Family(
        "OpenAI",
        re.compile(r"^(openai/)?(gpt-[345]|chatgpt|o[134](-|$))|\bopenai\b(?!/)"),
        "api.openai.com",
        Terms(
            "https://openai.com/policies/services-agreement/",
            "section 3.3 (e) and the definition of Permitted Exception",
            "",
            "that outputs make no model which competes with its own, but for classifiers that are neither distributed "
            "nor sold to others",
            as_of="December 2025",
        ),
    ),
    Family(
        "Anthropic",
        re.compile(r"claude|anthropic"),
        "api.anthropic.com",
        Terms(
            "https://www.anthropic.com/legal/commercial-terms",
            "the section Do Not Abuse our Platform of https://www.anthropic.com/legal/aup; section D.4",
            "",
            "that its outputs train no model without its authorization, and no competing one",
            as_of="September 2025",
        ),
    ),
    Family(
        "Google",
        re.compile(r"gemini"),
        "generativelanguage.googleapis.com",
        Terms(
            "https://ai.google.dev/gemini-api/terms",
            "the section Use Restrictions",
            "",
            "that no model which competes with its own is made",
            as_of="2025",
        ),
    ),
    Family(
        "xAI",
        re.compile(r"\bgrok"),
        "api.x.ai",
        Terms(
            "https://x.ai/legal/terms-of-service-enterprise",
            "section 2",
            "",
            "that nothing which competes with its own is made, and its behaviour not distilled",
            as_of="June 2025",
        ),
    ),
    *(
        Family("Llama", re.compile(rf"llama-?{re.escape(version)}(?![\d.])"), license=f"llama{version}")
        for version in ("2", "3", "3.1", "3.2", "3.3", "4")
    ),
    Family("Gemma", re.compile(r"gemma-?[123](?!\d)"), license="gemma"),
)
