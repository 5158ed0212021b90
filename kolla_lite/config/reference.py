"""The reference of a schema, made from its model: as text, as Markdown, as a commented example. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kolla_lite.config.render import to_yaml
from kolla_lite.source import Model

_Schema = Mapping[str, Any]
_WORDS = {"string": "text", "integer": "integer", "number": "number", "boolean": "true or false"}


@dataclass(frozen=True)
class Entry:
    """One key: its dotted name (`[]` for items of a list, `<name>` for free names), and what there is to say of it."""

    key: str
    type: str
    default: str
    description: str
    examples: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """Type, default and example in a line."""
        parts = [self.type, self.default, f"for example {' or '.join(self.examples)}" if self.examples else ""]
        return "; ".join(part for part in parts if part)


def entries(model: type[Model]) -> list[Entry]:
    """Every key of a model, parents before what is in them, in the order of declaration."""
    schema = model.model_json_schema()
    return list(_walk(schema, schema.get("$defs", {}), ""))


def _walk(schema: _Schema, models: Mapping[str, _Schema], prefix: str) -> Iterator[Entry]:
    for name, part in schema.get("properties", {}).items():
        key = f"{prefix}{name}"
        suffix, inner = _model_in(part, models)
        default = "required" if name in schema.get("required", ()) else _default(part, bool(inner))
        description = part.get("description") or (inner or {}).get("description", "")
        examples = tuple(to_yaml(example) for example in part.get("examples", []))
        yield Entry(key, _type(part, models), default, description, examples)
        if inner:
            yield from _walk(inner, models, f"{key}{suffix}.")


def _model_in(part: _Schema, models: Mapping[str, _Schema]) -> tuple[str, _Schema | None]:
    """The model that a key holds, directly or in a list or mapping, and how a dotted name goes on to it."""
    found = models.get(part.get("$ref", "").rpartition("/")[2])
    if found is not None:
        return ("", found) if "properties" in found else ("", None)
    for choice in part.get("anyOf", ()):
        suffix, inner = _model_in(choice, models)
        if inner:
            return suffix, inner
    for below, suffix in ((part.get("items"), "[]"), (_values(part), ".<name>")):
        rest, inner = _model_in(below, models) if below else ("", None)
        if inner:
            return suffix + rest, inner
    return "", None


def _values(part: _Schema) -> _Schema | None:
    """The schema of a mapping's values, when its keys are free."""
    values = next(iter(part.get("patternProperties", {}).values()), None) or part.get("additionalProperties")
    return values if isinstance(values, Mapping) else None


def _type(part: _Schema, models: Mapping[str, _Schema]) -> str:
    if "$ref" in part:
        return "mapping" if "properties" in models[part["$ref"].rpartition("/")[2]] else "any value"
    if "anyOf" in part:
        return " or ".join(_type(choice, models) for choice in part["anyOf"] if choice.get("type") != "null")
    if "enum" in part:
        return " | ".join(to_yaml(value) for value in part["enum"])
    if "const" in part:
        return to_yaml(part["const"])
    if part.get("type") == "array":
        return f"list of {_type(part.get('items', {}), models)}"
    if part.get("type") == "object":
        values = _values(part)
        return f"mapping of names to {_type(values, models)}" if values else "mapping"
    word = _WORDS.get(part.get("type", ""), "any value")
    if "minimum" in part:
        word += f", {part['minimum']} to {part['maximum']}" if "maximum" in part else f", {part['minimum']} or more"
    return word


def _default(part: _Schema, nested: bool) -> str:
    default = part.get("default")
    return "" if default is None or nested or default in ([], {}) else f"default {to_yaml(default)}"


def as_text(title: str, found: Iterable[Entry]) -> str:
    """A reference for a terminal: each key, then what it means, then what it takes."""
    blocks = [title]
    for entry in found:
        lines = [part for part in (entry.description, entry.summary) if part]
        blocks.append("\n".join([entry.key, *(textwrap.indent(textwrap.fill(line, 96), "    ") for line in lines)]))
    return "\n\n".join(blocks) + "\n"


def as_markdown(title: str, found: Iterable[Entry]) -> str:
    """The same as a Markdown table."""
    rows = [
        f"| `{entry.key}` | {cell(entry.type)} | {_code(entry.default.removeprefix('default '))} |"
        f" {cell(entry.description)} | {' or '.join(map(_code, entry.examples))} |"
        for entry in found
    ]
    return "\n".join([f"# {title}", "", "| Key | Type | Default | Meaning | Example |", "|-|-|-|-|-|", *rows]) + "\n"


def cell(text: str) -> str:
    """Text as a cell of a Markdown table."""
    return text.replace("|", "\\|")


def _code(text: str) -> str:
    return text if text in ("", "required") else f"`{cell(text)}`"


def as_example(model: type[Model]) -> str:
    """A YAML file with every key of a model commented out, each below what it means. Uncommented it is valid."""
    blocks: list[str] = []
    for entry in entries(model):
        *parents, name = entry.key.split(".")
        indent = "#" + "  " * len(parents)
        values = [] if entry.type == "mapping" else [entry.default.removeprefix("default "), *entry.examples]
        value = next((value for value in values if value), "")
        note = f"{indent}# " if parents else "# "
        text = textwrap.fill(entry.description, 100, initial_indent=note, subsequent_indent=note)
        blocks += [*([] if parents else [""]), text, f"{indent}{name}: {value}".rstrip()]
    return "\n".join(blocks) + "\n"
