"""One base model in memory and several modules of it, attached by name: each request is answered by one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from factory.errors import HubError
from factory.modules.factors import Factors, read_factors
from factory.modules.module import Module, check_base, is_prefix, read_sidecar, word_module
from factory.modules.prefixes import read_prefix_file
from factory.modules.reading import load_base

if TYPE_CHECKING:
    from factory.data.examples import Text
    from factory.students.classifier import Classifier, Scores


class Rack:
    """Modules of one base model; the weights stay the base's, and a module's factors are added as texts pass.

    That is slower than a merged module, and takes the memory of the base once whatever the number of modules.
    """

    def __init__(self, base: Path) -> None:
        self.base = base
        self._network = load_base(base, "the base model")
        self._modules: dict[str, tuple[Module, Factors]] = {}
        self._lock = Lock()
        self._active: Factors = {}
        for name, layer in self._network.named_modules():
            if hasattr(layer, "weight"):
                layer.register_forward_hook(self._adding(name))

    @property
    def names(self) -> list[str]:
        """The modules that are attached, in the order in which they were."""
        return list(self._modules)

    def attach(self, name: str, folder: Path) -> None:
        """Add the module in `folder`; raises HubError where it was baked on other weights."""
        about = read_sidecar(folder)
        check_base(about, self.base)
        prefix = read_prefix_file(folder) if is_prefix(folder) else None
        module = Module(self._network, prefix, word_module(about, self.base), about["temperature"])
        self._modules[name] = module, {} if prefix else read_factors(folder)

    def detach(self, name: str) -> None:
        """Take a module away; raises HubError where there is none of that name."""
        self._find(name)
        del self._modules[name]

    def scores(self, name: str, texts: Sequence[Text]) -> Scores:
        """Return the probabilities of a module's labels: (texts, labels); raises HubError for a name unknown."""
        module, factors = self._find(name)
        with self._lock:
            self._active = factors
            try:
                return module.scores(texts)
            finally:
                self._active = {}

    def classifier(self, name: str) -> Classifier:
        """Return what `factory.load` gives, answered by one of the modules."""
        from factory.students.classifier import Classifier

        labels = list(self._find(name)[0].wording.answers)
        return Classifier(labels, lambda texts: self.scores(name, texts), reads_pairs=False)

    def _find(self, name: str) -> tuple[Module, Factors]:
        if name not in self._modules:
            raise HubError(f"no module {name!r} is attached; there is {', '.join(self._modules) or 'none'}")
        return self._modules[name]

    def _adding(self, name: str) -> Callable[[Any, Any, Any], Any]:
        def add(layer: Any, given: Any, output: Any) -> Any:
            pair = self._active.get(name)
            return output if pair is None else output + given[0] @ pair.a.T @ pair.b.T

        return add
