"""What must hold between the settings of a recipe and the files beside it."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path

from factory.errors import DataError
from factory.recipe import Gold, HttpTeacher, LocalTeacher, Recipe, RecordedTeacher, TeacherSettings
from factory.recipe_module import Module
from factory.recipe_students import Distil, Head, Trained, find_reader
from factory.recipe_yaml import Fault, Location

MAX_LABEL_CHARACTERS = 100


def find_faults(recipe: Recipe) -> Iterator[Fault]:
    """Yield every (location, sentence) that makes a well-formed recipe unusable."""
    for rule in RULES:
        yield from rule(recipe)


def _labels_are_plain(recipe: Recipe) -> Iterator[Fault]:
    for label, meaning in recipe.task.labels.items():
        place = ("task", "labels", label)
        if not label.strip() or label != label.strip():
            yield place, "a label must not be blank or have blanks around it"
        if len(label) > MAX_LABEL_CHARACTERS:
            yield place, f"{len(label)} characters are too many for a label; describe it in its meaning instead"
        if any(unicodedata.category(character)[0] == "C" for character in label):
            yield place, "control characters and line breaks do not belong in a label; retype it"
        if not meaning.strip():
            yield place, "needs a meaning: the teacher is told what the label stands for"


def _labels_differ(recipe: Recipe) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for label in recipe.task.labels:
        folded = unicodedata.normalize("NFC", label).casefold()
        if folded in seen:
            yield ("task", "labels", label), f"reads like the label {seen[folded]!r}; give it another name"
        seen[folded] = label


def _somebody_teaches(recipe: Recipe) -> Iterator[Fault]:
    if recipe.teacher and recipe.teachers:
        yield ("teachers",), "is given beside `teacher`; keep one of the two"
    if not recipe.all_teachers:
        yield ("teacher",), "is missing; name one, or several as `teachers`"
    for index, teacher in enumerate(recipe.teachers):
        if teacher in recipe.teachers[:index]:
            yield ("teachers", index), "is the same as one above it; a second vote must come from another teacher"


def _texts_come_from_somewhere(recipe: Recipe) -> Iterator[Fault]:
    if recipe.generate is None and recipe.texts is None:
        yield (), "there is nothing to label; add `texts:` (your own) or `generate:` (the teacher writes them)"
    if recipe.generate and recipe.all_teachers and isinstance(recipe.all_teachers[0], LocalTeacher):
        yield ("generate",), "a local teacher only labels; use a server, or `texts:` of your own"
    for index, example in enumerate(recipe.generate.examples if recipe.generate else []):
        if example.label not in recipe.task.labels:
            yield ("generate", "examples", index, "label"), _not_a_label(example.label, recipe.task.names)
    for name, values in (recipe.generate.attributes if recipe.generate else {}).items():
        if not values:
            yield ("generate", "attributes", name), "needs at least one value"


def _pairs_are_of_labels(recipe: Recipe) -> Iterator[Fault]:
    for index, pair in enumerate(recipe.generate.between if recipe.generate else []):
        for name in pair:
            if name is not None and name not in recipe.task.labels:
                yield ("generate", "between", index), _not_a_label(name, recipe.task.names)
        if pair[0] == pair[1]:
            yield ("generate", "between", index), f"{pair[0]!r} cannot be taken for itself; name another, or null"


def _rounds_have_what_they_need(recipe: Recipe) -> Iterator[Fault]:
    improve = recipe.improve
    if improve is None:
        return
    if "development" in improve.model_fields_set and recipe.gold is None:
        yield ("improve", "development"), "there is no `gold` to set a share of aside; add that, or remove this"
    if "start" in improve.model_fields_set and recipe.texts is None:
        yield ("improve", "start"), "says how many of `texts` come first; add `texts:`, or remove this"
    writer = recipe.all_teachers[0] if recipe.all_teachers else None
    if recipe.texts is None and writer and not isinstance(writer, HttpTeacher):
        yield ("improve",), "only a server can be asked for further texts; give `texts:` of your own, or remove this"


def _the_kind_of_task_has_what_it_needs(recipe: Recipe) -> Iterator[Fault]:
    task, is_pair = recipe.task, recipe.task.kind == "pair"
    if is_pair and task.text_pair is None:
        yield ("task", "text_pair"), "is missing; say what the second text of a pair is"
    if is_pair and recipe.generate:
        yield ("generate",), "a teacher only labels pairs and does not write them; give `texts:` of your own"
    for place, teacher in _teachers(recipe):
        if task.kind == "multi-label" and isinstance(teacher, LocalTeacher):
            remedy = "use a server, or recorded answers"
            yield place, f"a local teacher finds the one best label and cannot tell which others apply; {remedy}"
    if not is_pair:
        yield from _has_no_second_text(recipe)


def _has_no_second_text(recipe: Recipe) -> Iterator[Fault]:
    for name, section in (("task", recipe.task), ("texts", recipe.texts), ("gold", recipe.gold)):
        if section and "text_pair" in section.model_fields_set:
            yield (name, "text_pair"), "only pairs have a second text; remove it, or set `task.kind: pair`"


def _students_have_names_of_their_own(recipe: Recipe) -> Iterator[Fault]:
    for name, count in Counter(student.name for student in recipe.students).items():
        if count > 1:
            yield ("students",), f"{count} students are called {name!r}; repositories need different names"
    for index, student in enumerate(recipe.students):
        if second := {*student.repositories[1:]} & {other.name for other in recipe.students}:
            kind = "merged" if isinstance(student, Module) else "adapter"
            what = "merged model" if kind == "merged" else "adapter"
            yield ("students", index, kind), f"the {what} would be called {min(second)!r}, as a student is"


def _students_teach_those_after_them(recipe: Recipe) -> Iterator[Fault]:
    """A student that teaches must have been made before, and give logits; of a module its prompted model teaches."""
    earlier: list[str] = []
    for index, student in enumerate(recipe.students):
        teacher = student.teacher if isinstance(student, Distil) else None
        if teacher is not None and teacher not in earlier:
            known = f"one of {', '.join(earlier)}" if earlier else "a student above this one"
            yield ("students", index, "teacher"), f"{teacher!r} is no network that is trained before; name {known}"
        if isinstance(student, Head | Trained | Module):
            earlier.append(student.name)


def _modules_can_be_made(recipe: Recipe) -> Iterator[Fault]:
    for index, student in enumerate(recipe.students):
        if not isinstance(student, Module):
            continue
        if recipe.task.kind != "single-label":
            yield ("students", index, "method"), "a module gives one label to one text; choose another method"
        for name, file in (("prompt", student.prompt), ("unrelated", student.unrelated)):
            if file:
                yield from _check_place(recipe, file, ("students", index, name), Path.is_file)
        for label in student.verbalizers.keys() - recipe.task.labels.keys():
            yield ("students", index, "verbalizers", label), _not_a_label(label, recipe.task.names)
        if student.adapter == "full" and student.init != "default":
            yield ("students", index, "init"), "only `adapter: lora` has factors that start somewhere; remove it"
        if student.merged and student.form == "prefix-cache":
            yield ("students", index, "merged"), "a prompt's cache is no change of weights to merge; remove it"
        if student.balance != "none":
            reason = "a module learns what the prompted model says of each text, so there is no class to balance"
            yield ("students", index, "balance"), f"{reason}; remove it"


def _dollars_have_a_price(recipe: Recipe) -> Iterator[Fault]:
    settings: list[Location] = [("budget", "dollars")] if recipe.budget.dollars is not None else []
    settings += [("improve", "min_gain")] if recipe.improve and recipe.improve.min_gain is not None else []
    for place, teacher in _teachers(recipe):
        if isinstance(teacher, HttpTeacher) and teacher.price is None:
            price = f"`{'.'.join(map(str, place))}.price: {{input: ..., output: ...}}`"
            yield from ((setting, f"needs {price} in dollars per million tokens") for setting in settings)


def _answers_can_be_had_as_asked(recipe: Recipe) -> Iterator[Fault]:
    for place, teacher in _teachers(recipe):
        if not isinstance(teacher, HttpTeacher):
            continue
        if teacher.samples > 1 and teacher.temperature == 0:
            yield (*place, "temperature"), "at 0 all samples of an answer are the same; raise it, or leave it out"
        if teacher.logprobs and recipe.task.kind == "multi-label":
            remedy = "remove it, and set `samples` for probabilities"
            yield (*place, "logprobs"), f"says how probable the one label is, and here any number applies; {remedy}"


def _claims_have_grounds(recipe: Recipe) -> Iterator[Fault]:
    require = recipe.publish.require
    if recipe.gold is None and (require.accuracy is not None or require.macro_f1 is not None):
        yield ("publish", "require"), "accuracy and macro_f1 need `gold:`; without it only `agreement` can be required"
    if recipe.gold is None and recipe.teacher_gate.model_dump(exclude_none=True):
        yield ("teacher_gate",), "the teacher can only be tried on `gold:`; add that, or remove this"


def _rewordings_can_be_found(recipe: Recipe) -> Iterator[Fault]:
    if recipe.filter.embedding_similarity is not None and find_reader(recipe.students) is None:
        remedy = "add a student with a `base_model`, or remove this"
        yield ("filter", "embedding_similarity"), f"no student has a base model that could read the texts; {remedy}"


def _files_are_beside_the_recipe(recipe: Recipe) -> Iterator[Fault]:
    if recipe.texts and recipe.texts.file:
        yield from _check_place(recipe, recipe.texts.file, ("texts", "file"), Path.is_file)
    for place, teacher in _teachers(recipe):
        if isinstance(teacher, RecordedTeacher):
            yield from _check_place(recipe, teacher.recorded, (*place, "recorded"), Path.is_dir)
        if isinstance(teacher, LocalTeacher) and teacher.prompt:
            yield from _check_place(recipe, teacher.prompt, (*place, "prompt"), Path.is_file)
    if recipe.gold and recipe.gold.file:
        faults = list(_check_place(recipe, recipe.gold.file, ("gold", "file"), Path.is_file))
        yield from faults or _check_gold(recipe, recipe.gold)


def _check_place(recipe: Recipe, name: str, location: Location, exists: Callable[[Path], bool]) -> Iterator[Fault]:
    folder = recipe.path.parent.resolve()
    if Path(name).is_absolute() or not (folder / name).resolve().is_relative_to(folder):
        yield location, f"{name!r} leads out of the recipe's folder; copy it beside the recipe"
    elif not exists(folder / name):
        yield location, f"{name!r} is not there; paths are relative to the recipe"


def _check_gold(recipe: Recipe, gold: Gold) -> Iterator[Fault]:
    from factory.data.gold import iter_gold

    try:
        for _ in iter_gold(recipe.find(str(gold.file)), gold, recipe.task.kind, recipe.task.names):
            pass
    except DataError as error:
        yield ("gold",), str(error)


def _teachers(recipe: Recipe) -> Iterator[tuple[Location, TeacherSettings]]:
    """Yield the place of every teacher in the recipe, and the teacher."""
    if recipe.teacher:
        yield ("teacher",), recipe.teacher
    yield from ((("teachers", index), teacher) for index, teacher in enumerate(recipe.teachers))


def _not_a_label(label: str, labels: list[str]) -> str:
    close = get_close_matches(label, labels, n=1)
    return f"{label!r} is not a label of the task" + (f", did you mean {close[0]!r}?" if close else "")


RULES: tuple[Callable[[Recipe], Iterator[Fault]], ...] = (
    _labels_are_plain,
    _labels_differ,
    _somebody_teaches,
    _texts_come_from_somewhere,
    _pairs_are_of_labels,
    _rounds_have_what_they_need,
    _the_kind_of_task_has_what_it_needs,
    _students_have_names_of_their_own,
    _students_teach_those_after_them,
    _modules_can_be_made,
    _dollars_have_a_price,
    _answers_can_be_had_as_asked,
    _claims_have_grounds,
    _rewordings_can_be_found,
    _files_are_beside_the_recipe,
)
