"""The terms that are known here: of licences by their id on the Hub, and of whoever sells a teacher's answers.

Each names the page and the clause. They were written down in November 2026, most from quotations of the page and not
from the page itself, which has the last word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

NON_COMMERCIAL, SHARE_ALIKE, NO_DERIVATIVES = "non-commercial", "share-alike", "no-derivatives"
PASSED_ON = "passed-on"  # its own terms go on with what is made from it


@dataclass(frozen=True)
class Terms:
    """What is asked of whoever shares something made from a part, and where that is written.

    `outputs` is what is asked of a model that learned from what the part wrote; `limits` are of what else may be done;
    `under` are the licences that what is made from it may carry, where it limits them; `shown` is a line for the card;
    `name_begins` is how names of what is made from it must begin.
    """

    url: str
    clause: str
    asks: str
    outputs: str = ""
    limits: frozenset[str] = frozenset()
    under: tuple[str, ...] = ()
    shown: str = ""
    name_begins: str = ""

    @property
    def source(self) -> str:
        """Where it is written."""
        return f"{self.clause} of {self.url}"


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
    clause = "sections 2 and 3" if version == "4.0" else "section 4"
    url = f"https://creativecommons.org/licenses/{kind}/{version}/legalcode"
    return Terms(url, clause, " and ".join(asks), limits=frozenset(limits), under=tuple(under))


def _copyleft(url: str, clause: str, *under: str) -> Terms:
    asks = "to share what is based on it under the same licence, with its source"
    return Terms(url, clause, asks, limits=frozenset({SHARE_ALIKE}), under=under)


def _use_limits(url: str) -> Terms:
    asks = "to pass its list of forbidden uses on with what is made from it"
    return Terms(url, "paragraphs 4 and 5 and attachment A", asks, limits=frozenset({PASSED_ON}))


def _llama(version: str, shown: str = "Built with Llama") -> Terms:
    naming = "and to begin the name of the model with Llama"
    asks = f"to pass its agreement on, to show the words {shown}, {naming}"
    outputs = f"to show the words {shown} {naming}"
    url = f"https://www.llama.com/{version}/license/"
    limits = frozenset({PASSED_ON})
    return Terms(url, "section 1.b.i", asks, outputs, limits, shown=shown, name_begins="llama")


GPL_3, AGPL_3, LGPL_3 = (f"https://www.gnu.org/licenses/{name}.html" for name in ("gpl-3.0", "agpl-3.0", "lgpl-3.0"))
NOTICE = "to keep its copyright notice and its text"
NOTHING = "nothing"
LLAMA_OUTPUTS = "that its outputs improve no other large language model"
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
    "unlicense": Terms("https://unlicense.org", "paragraph 1", NOTHING),
    "cc0-1.0": Terms("https://creativecommons.org/publicdomain/zero/1.0/legalcode", "section 2", NOTHING),
    **{
        f"cc-{kind}-{version}": _creative_commons(kind, version)
        for kind in ("by", "by-sa", "by-nc", "by-nc-sa", "by-nd", "by-nc-nd")
        for version in ("2.0", "3.0", "4.0")
    },
    "odc-by": Terms(
        "https://opendatacommons.org/licenses/by/1-0/", "sections 4.2 and 4.3", "to name the licence and the database"
    ),
    "odbl": _copyleft("https://opendatacommons.org/licenses/odbl/1-0/", "section 4.4", "odbl"),
    "cdla-permissive-2.0": Terms("https://cdla.dev/permissive-2-0/", "section 2", "to pass its text on"),
    "cdla-sharing-1.0": _copyleft("https://cdla.dev/sharing-1-0/", "section 3", "cdla-sharing-1.0"),
    "gpl-3.0": _copyleft(GPL_3, "section 5", "gpl-3.0", "agpl-3.0"),
    "agpl-3.0": _copyleft(AGPL_3, "sections 5 and 13", "agpl-3.0"),
    "lgpl-3.0": _copyleft(LGPL_3, "section 2", "lgpl-3.0", "gpl-3.0", "agpl-3.0"),
    "bigscience-bloom-rail-1.0": _use_limits("https://huggingface.co/spaces/bigscience/license"),
    "creativeml-openrail-m": _use_limits("https://huggingface.co/spaces/CompVis/stable-diffusion-license"),
    "bigcode-openrail-m": _use_limits("https://huggingface.co/spaces/bigcode/bigcode-model-license-agreement"),
    "llama2": Terms(
        "https://ai.meta.com/llama/license/",
        "section 1.b",
        "to pass its agreement and its notice on",
        LLAMA_OUTPUTS,
        frozenset({PASSED_ON}),
    ),
    "llama3": replace(_llama("llama3", "Built with Meta Llama 3"), outputs=LLAMA_OUTPUTS, clause="section 1.b"),
    "llama3.1": _llama("llama3_1"),
    "llama3.2": _llama("llama3_2"),
    "llama3.3": _llama("llama3_3"),
    "llama4": _llama("llama4"),
    "gemma": Terms(
        "https://ai.google.dev/gemma/terms",
        "sections 1.1 (e) and 3.1",
        "to pass its terms, its list of forbidden uses and its notice on",
        "to treat a model trained on its outputs to perform like it as made from it, which its terms go on with",
        frozenset({PASSED_ON}),
    ),
    "qwen": Terms(
        "https://huggingface.co/Qwen/Qwen2.5-72B-Instruct/blob/main/LICENSE",
        "section 4",
        "to pass its agreement on and to show the words Built with Qwen",
        "to show the words Built with Qwen",
        frozenset({PASSED_ON}),
        shown="Built with Qwen",
    ),
    "qwen-research": Terms(
        "https://huggingface.co/Qwen/Qwen2.5-3B-Instruct/blob/main/LICENSE",
        "sections 2 and 4",
        "to make no commercial use of it, to pass its agreement on and to show the words Built with Qwen",
        "to show the words Built with Qwen",
        frozenset({NON_COMMERCIAL, PASSED_ON}),
        shown="Built with Qwen",
    ),
    "fair-noncommercial-research-license": Terms(
        "https://huggingface.co/facebook/fair-noncommercial-research-license/blob/main/LICENSE",
        "section 1",
        "to make no commercial use of it",
        limits=frozenset({NON_COMMERCIAL}),
    ),
}
COMPETING = "that no model which competes with its own is made"
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
        ),
    ),
    Family(
        "Anthropic",
        re.compile(r"claude|anthropic"),
        "api.anthropic.com",
        Terms(
            "https://www.anthropic.com/legal/commercial-terms",
            "the section Do Not Abuse Our Platform of https://www.anthropic.com/legal/aup; section D.4",
            "",
            "that its outputs train no model without its authorization, and no competing one",
        ),
    ),
    Family(
        "Google",
        re.compile(r"gemini"),
        "generativelanguage.googleapis.com",
        Terms("https://ai.google.dev/gemini-api/terms", "the section Use Restrictions", "", COMPETING),
    ),
    Family(
        "xAI",
        re.compile(r"\bgrok"),
        "api.x.ai",
        Terms("https://x.ai/legal/terms-of-service", "the restrictions on use", "", COMPETING),
    ),
    *(
        Family("Llama", re.compile(rf"llama-?{re.escape(version)}(?![\d.])"), license=f"llama{version}")
        for version in ("2", "3", "3.1", "3.2", "3.3", "4")
    ),
    Family("Gemma", re.compile(r"gemma-?[123](?!\d)"), license="gemma"),
)
