"""Configuration files as a pure function: template, values and override layers in, bytes and their origins out."""

from __future__ import annotations

import hashlib
import json
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateSyntaxError, UndefinedError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from kolla_lite.config.layers import Layer, Layers, merge_ini
from kolla_lite.errors import Location, UserError
from kolla_lite.service.declaration import ConfigFile, Container, Service
from kolla_lite.source import nearest, read_text

_MARK = re.compile(r"\0(\d+)\0")
_SQL_ESCAPES = str.maketrans(
    {"\\": r"\\", "'": r"\'", '"': r"\"", "\0": r"\0", "\n": r"\n", "\r": r"\r", "\x1a": r"\Z"}
)


Search = tuple[Path, ...]
"""Folders where templates are looked for, in this order."""


@dataclass(frozen=True)
class RenderedFile:
    """One configuration file as it is put on a host."""

    name: str
    content: bytes = field(repr=False)
    origins: Mapping[tuple[str, str], Location] = field(repr=False)
    """Ini files only: (section, option) to the file and line that decided its value."""
    source: str | None = None
    """Other files only: the file that supplied it, template or override."""

    @property
    def sha256(self) -> str:
        """The digest of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def render_file(
    service: Service,
    container: Container,
    file: ConfigFile,
    host: str,
    *,
    context: Mapping[str, Any],
    layers: Layers,
    templates: Search,
) -> RenderedFile | None:
    """Render one configuration file of a container on a host, with the operator's overrides.

    `templates` are folders of templates, the first that has one wins. None for a file that only an operator supplies
    and did not.
    Overrides are templates too. Raises UserError with file and line for a mistake in any of them.
    """
    sources = layers.of(service, container, file, host)
    if file.template != "none":
        sources.insert(0, _find(templates, file.template or f"{file.name}.j2"))
    sources = [*(_find(templates, f"{name}.conf.j2") for name in file.base), *sources]
    if not sources:
        return None
    if file.format == "text":
        last = sources[-1]
        return RenderedFile(
            file.name, render_text(read_text(last), str(last), context, templates).encode(), {}, str(last)
        )
    merged = merge_ini([_render_layer(read_text(path), str(path), context, templates) for path in sources])
    return RenderedFile(file.name, merged.text.encode(), merged.origins)


def _find(folders: Search, name: str) -> Path:
    return next((folder / name for folder in folders if (folder / name).exists()), folders[0] / name)


def render_text(text: str, name: str, context: Mapping[str, Any], search: Search = ()) -> str:
    """Render one template. `name` is what messages call it; `search` are the folders that its imports come from.

    Values are data: what they hold is never taken as a template. UserError with the template's file and line for
    any mistake in it.
    """
    return _render(text, name, context, search, marked=False)


def _render_layer(text: str, name: str, context: Mapping[str, Any], search: Search) -> Layer:
    """An ini file rendered, knowing which line of the file each rendered line came from.

    Blocks and loops shift lines, so such a file is rendered once more with line numbers in its text. That text is
    used for nothing else; should a filter have seen the numbers, the lines no longer match and are not used.
    """
    rendered = render_text(text, name, context, search)
    if "{%" not in text and "{#" not in text:
        return Layer(name, rendered)
    marked = _render(text, name, context, search, marked=True)
    if _MARK.sub("", marked) != rendered:
        return Layer(name, rendered)
    lines, current = [], 1
    for line in marked.split("\n"):
        found = _MARK.findall(line)
        lines.append(int(found[0]) if found else current)
        current = int(found[-1]) if found else current
    return Layer(name, rendered, lines)


def _render(text: str, name: str, context: Mapping[str, Any], search: Search, marked: bool) -> str:
    try:
        return _compiled(text, name, search, marked).render(context)
    except UserError:
        raise
    except TemplateSyntaxError as error:
        where = Location(error.filename or name, error.lineno)
        raise UserError(f"not a valid template: {error.message}", where, "mend the template near here") from None
    except Exception as error:  # a template may fail in any way its expressions can
        plain = isinstance(error, UndefinedError | _Refused | KeyError) and error.args
        message = str(error.args[0]) if plain else f"{type(error).__name__}: {error}"
        raise UserError(message, _place(error, name, search), _remedy(error, context)) from error


def _place(error: Exception, name: str, search: Search) -> Location:
    """The innermost line of a template, of those that the error went through."""
    place = Location(name)
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == name or any(Path(frame.filename).is_relative_to(folder) for folder in search):
            place = Location(frame.filename, frame.lineno)
    return place


def _remedy(error: Exception, context: Mapping[str, Any]) -> str:
    if not isinstance(error, _Unknown):
        return "mend the expression, or the value it uses"
    if error.owner is None:
        return nearest(error.name, context, "known names")
    names = (str(name) for name in (error.owner if isinstance(error.owner, Mapping) else dir(error.owner)))
    return nearest(error.name, [name for name in names if not name.startswith(("_", "model_"))], "known names")


class _Unknown(UndefinedError):
    """A name that is not defined, and the value it was looked up in; none for a variable."""

    def __init__(self, message: str | None, name: str, owner: object | None) -> None:
        super().__init__(message)
        self.name = name
        self.owner = owner


class _Undefined(StrictUndefined):
    """StrictUndefined whose error knows which name was looked up, and where."""

    __slots__ = ()

    def __init__(
        self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: Any = UndefinedError
    ) -> None:
        if exc is UndefinedError:  # the sandbox has its own for what it forbids
            exc = partial(_Unknown, name=str(name), owner=None if obj is missing else obj)
        super().__init__(hint, obj, name, exc)


class _Refused(ValueError):
    """A value that cannot be written in the kind of file at hand."""


def ini(value: object) -> str:
    """A value as one option of an ini file that oslo.config reads: `$` is no reference, spaces and quotes stay."""
    text = str(value)
    if "\n" in text or "\r" in text or "\0" in text:
        raise _Refused("a value with a line break does not fit in an ini file")
    text = text.replace("$", r"\$")
    ends = text[:1] + text[-1:]
    return f'"{text}"' if text != text.strip() or ends in ('""', "''") else text


def sql(value: object) -> str:
    """A value as a string literal of MariaDB, with its quotes."""
    return f"'{str(value).translate(_SQL_ESCAPES)}'"


def urlquote(value: object) -> str:
    """A value as one part of a URL."""
    return quote(str(value), safe="")


def to_json(value: object, indent: int | None = None) -> str:
    """A value as JSON."""
    return json.dumps(value, indent=indent, ensure_ascii=False)


def to_yaml(value: object) -> str:
    """A value as YAML in one line, which fits at any indentation."""
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), sort_keys=False)
    return text.removesuffix("...\n").rstrip()


FILTERS: Mapping[str, Callable[..., str]] = {
    "ini": ini,
    "json": to_json,
    "sql": sql,
    "urlquote": urlquote,
    "yaml": to_yaml,
}


class _LineMarks(Extension):
    """Puts a line's number, between NULs, in front of each line of a template's own text."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            if token.type != "data":
                yield token
                continue
            *whole, last = str(token.value).split("\n")
            marked = [f"\0{token.lineno + offset}\0{line}" for offset, line in enumerate(whole)]
            marked.append(f"\0{token.lineno + len(whole)}\0{last}" if last else "")  # else its line starts elsewhere
            yield Token(token.lineno, token.type, "\n".join(marked))


@lru_cache(maxsize=64)
def _environment(search: Search, marked: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(search) if search else None,
        undefined=_Undefined,
        extensions=[_LineMarks] if marked else [],
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # configuration files are not HTML
    )
    environment.filters.update(FILTERS)
    del environment.filters["random"]  # the same input makes the same file
    return environment


@lru_cache(maxsize=1024)
def _compiled(text: str, name: str, search: Search, marked: bool) -> Template:
    environment = _environment(search, marked)
    code = environment.compile(text, name, name)
    return Template.from_code(environment, code, environment.make_globals(None), uptodate=lambda: True)
