"""YAML that remembers where each value stands, and pydantic models that report mistakes at that place."""

from __future__ import annotations

import difflib
import gc
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from kolla_lite.errors import Location, UserError, UserErrors

KeyPath = tuple[str | int, ...]
_TEXT = "tag:yaml.org,2002:str"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser: ten times faster on large hosts files


class Model(BaseModel):
    """Base of every schema: unknown keys are refused, values are not changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    topic: ClassVar[str] = ""
    """What `kolla-lite docs` calls the file that it is the schema of."""


AnyModel = TypeVar("AnyModel", bound=Model)


@dataclass(frozen=True)
class Document:
    """A YAML file as plain values, with the place of each key.

    `data` is what the file says; `marks` maps a path of keys and indexes to (line, column), both from 1.
    """

    path: str
    data: Any
    marks: Mapping[KeyPath, tuple[int, int]] = field(repr=False)

    def where(self, *keys: str | int) -> Location:
        """The place of a key, or of its nearest parent that stands in the file."""
        for length in range(len(keys), -1, -1):
            if keys[:length] in self.marks:
                return Location(self.path, *self.marks[keys[:length]])
        return Location(self.path)


def read_text(path: Path) -> str:
    """The text of an operator's file. UserError when it is missing, unreadable or not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError("the file does not exist", Location(str(path)), "create it, or run `kolla-lite init`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the file cannot be read: {error}", Location(str(path)), "mend it or its mode") from None


def load(path: Path) -> Document:
    """Read one YAML file. UserError with line and column for a syntax error or a key that stands twice."""
    return loads(read_text(path), str(path))


def loads(text: str, name: str, private: bool = False) -> Document:
    """As `load`, from a string; `name` is what messages call it. Messages about a private text quote nothing of it."""
    loader = _Loader(text)
    collecting = gc.isenabled()
    gc.disable()  # nothing here is garbage yet, and looking for it takes half the time of a large file
    try:
        node = loader.get_single_node()
        marks: dict[KeyPath, tuple[int, int]] = {(): (1, 1)}
        data = None if node is None else _construct(loader, node, (), marks, name)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Location(name, mark.line + 1, mark.column + 1) if mark else Location(name)
        message = "not valid YAML" if private else f"not valid YAML: {error.problem or error.context}"
        raise UserError(message, where, "check indentation, quotes and colons near here") from None
    except RecursionError:
        raise UserError(
            "nested too deep", Location(name), "remove the anchor that holds a reference to itself"
        ) from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: such as a date in month 13
        message = "not valid YAML" if private else f"not valid YAML: {error}"
        raise UserError(message, Location(name), "quote the value, and save the file as plain UTF-8 text") from None
    finally:
        loader.dispose()
        if collecting:
            gc.enable()
    return Document(name, data, marks)


def _construct(loader: Any, node: Any, keys: KeyPath, marks: dict[KeyPath, tuple[int, int]], name: str) -> Any:
    marks.setdefault(keys, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.MappingNode):
        loader.flatten_mapping(node)
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            place = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key, str | int):
                raise UserError("a key must be a plain word", Location(name, *place), "quote the key")
            if key in result:
                raise UserError(f"the key {key!r} stands twice", Location(name, *place), "remove one of the two")
            marks[(*keys, key)] = place
            result[key] = _construct(loader, value_node, (*keys, key), marks, name)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_construct(loader, child, (*keys, index), marks, name) for index, child in enumerate(node.value)]
    return node.value if node.tag == _TEXT else loader.construct_object(node, deep=True)


def parse(model: type[AnyModel], document: Document, at: KeyPath = ()) -> AnyModel:
    """Validate the document, or the part of it below `at`, as `model`.

    Raises UserError (UserErrors when several) with file, line and the nearest right name for an unknown key.
    """
    value = document.data
    for key in at:
        value = value[key]
    try:
        return model.model_validate({} if value is None else value)
    except ValidationError as error:
        problems = [_explain(model, document, at, dict(entry)) for entry in error.errors(include_url=False)]
        raise (problems[0] if len(problems) == 1 else UserErrors(problems)) from None


def _explain(model: type[Model], document: Document, at: KeyPath, entry: Mapping[str, Any]) -> UserError:
    keys: KeyPath = (*at, *(part for part in entry["loc"] if part != "[key]"))
    where = document.where(*keys)
    dotted = ".".join(str(key) for key in keys) or "the file"
    if entry["type"] == "extra_forbidden":
        known = _fields_at(model, tuple(entry["loc"][:-1]))
        hint = nearest(str(keys[-1]), known)
        parent = f" in {'.'.join(map(str, keys[:-1]))}" if keys[:-1] else ""
        return UserError(f"unknown key {keys[-1]!r}{parent}", where, hint)
    if entry["type"] == "missing":
        return UserError(f"{dotted} is missing", where, f"add `{keys[-1]}:`")
    given = entry.get("input")
    shown = f", not {given!r}" if isinstance(given, str | int | float | bool) else ""
    message = str(entry["msg"])
    message = message.removeprefix("Value error, ")
    sentence = message[:1].lower() + message[1:]
    choices = re.findall(r"'([^']*)'", str(entry["ctx"]["expected"])) if entry["type"] == "literal_error" else []
    hint = f"see `kolla-lite docs {model.topic}`" if model.topic else "give a value of that kind"
    if choices:
        hint = nearest(str(given), choices)
    elif entry["type"] == "string_type" and shown:
        hint = "put it in quotes"
    return UserError(f"{dotted}: {sentence}{shown}", where, hint)


def _fields_at(model: type[Model], loc: KeyPath) -> list[str]:
    """The names allowed at a place in a model, following fields, lists and mappings of models."""
    current: Any = model
    for part in loc:
        if isinstance(current, type) and issubclass(current, BaseModel) and part in current.model_fields:
            current = current.model_fields[str(part)].annotation
        current = _inner_model(current) or current
    return list(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else []


def _inner_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _inner_model(argument)
        if found:
            return found
    return None


def nearest(word: str, known: Iterable[str], what: str = "") -> str:
    """A remedy that offers the nearest known names: "did you mean `x`?", or the list of what there is."""
    names: Sequence[str] = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"{what or 'one of'}: {', '.join(names)}" if names else "remove it"
