"""Configuration files as people may see them: unified differences and whole texts, without secrets. Pure.

A file on a host may hold a secret that passwords.yml no longer knows, because it was rotated or written by hand. So
secrets are found by their value where that is known, and by their place in any case: where the new file holds one,
after a name that tells of one, in a URL, or by the look of a generated one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from kolla_lite.config.render import ini, sql, to_yaml, urlquote

MASK = "********"
CONTEXT_LINES = 3
_NO_NEWLINE = "\\ no newline at the end"
_KEYED = re.compile(r"^\s*(?:-\s+|export\s+)?(?P<key>[\"']?[\w.{}-]+[\"']?)\s*[:=]\s*(?P<value>.*)$")
_TELLS = r"(?:pass|passwd|password|passphrase|secret|token|key|cookie|credentials?)(?:_hash)?[\"']?"
_TELLING = re.compile(rf"{_TELLS}$", re.IGNORECASE)
_QUOTED = re.compile(rf"({_TELLS}\s*[:=]\s*|IDENTIFIED BY )([\"'])(?:\\.|(?!\2).)*\2", re.IGNORECASE)
_LOGIN = re.compile(r"://(\S*)@")
_MASKED_LOGIN = re.compile(r"[^:/@,]*:\*{8}(?:@[^@,]*,[^:/@,]*:\*{8})*")
_GENERATED = re.compile(
    r"(?<![\w+/-])(?:[\w+/-]{43}=(?![\w=])"  # a Fernet key, whatever is in it
    r"|AQ[\w+/]{36}==(?!=)"  # a key of Ceph, likewise
    r"|(?=[\w+/-]*[a-z])(?=[\w+/-]*[A-Z])(?=[\w+/-]*[0-9])[\w+/-]{24,}={0,2})",
    re.ASCII,
)


def masked_diff(
    old: str | None, new: str | None, name: str, secrets: Iterable[str], labels: tuple[str, str] = ("host", "deploy")
) -> str:
    """A unified difference of one file, without secrets; empty when the texts are the same.

    `old` is what a host holds and `new` what it should hold, None where there is no such file; `labels` tell the two
    apart. `secrets` are the values in passwords.yml, as they stand there: they are found in every form in which a
    template writes them. What changed is found before anything is masked, so a changed secret shows as a change.
    """
    before, after = _lines(old), _lines(new)
    if (old is None, before) == (new is None, after):
        return ""
    masker = _Masker(secrets)
    shown_after = masker.new(after)
    shown_before = masker.old(before, after, shown_after)
    heads = [
        "/dev/null" if text is None else f"{name} ({label})" for text, label in zip((old, new), labels, strict=True)
    ]
    lines = [f"--- {heads[0]}", f"+++ {heads[1]}"]
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(CONTEXT_LINES):
        first, last = group[0], group[-1]
        lines.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@")
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += [f" {line}" for line in shown_after[j1:j2]]
                continue
            lines += [f"-{line}" for line in shown_before[i1:i2]]
            lines += [f"+{line}" for line in shown_after[j1:j2]]
    return "".join(f"{line}\n" for line in lines)


def masked_text(text: str, secrets: Iterable[str]) -> str:
    """A file's text without secrets, line by line as `masked_diff` shows it."""
    return "\n".join(_Masker(secrets).new(text.split("\n")))


def hide(text: str, secrets: Iterable[str]) -> str:
    """Any text without the values of these secrets, in whatever form a template writes them."""
    return _known(frozenset(secrets)).sub(MASK, text)


@lru_cache(maxsize=4)  # writing them in each form takes longer than looking for them
def _known(secrets: frozenset[str]) -> re.Pattern[str]:
    """Finds secrets by value: as they are, and as each of the templates' filters writes them; the longest first."""
    values = {secret for secret in secrets if secret}
    written = {form(value) for value in values for form in (ini, urlquote, to_yaml)}
    inside = {form(value)[1:-1] for value in values for form in (sql, json.dumps)}
    return re.compile("|".join(map(re.escape, sorted(values | written | inside, key=len, reverse=True))) or r"(?!)")


class _Masker:
    """`new` and `old` return as many lines as they are given."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = _known(frozenset(secrets))

    def new(self, lines: Sequence[str]) -> list[str]:
        """Lines of a file whose secrets are known by value, or stand where one is to be expected."""
        return list(_by_place(((self._secrets.sub(MASK, line), False) for line in lines), set()))

    def old(self, lines: Sequence[str], after: Sequence[str], shown_after: Sequence[str]) -> list[str]:
        """Lines of an older text of a file: secrets stand where the newer text holds them, whatever they are."""
        secret = {line: shown for line, shown in zip(after, shown_after, strict=True) if MASK in shown}
        skeletons = {shown: re.compile(".+".join(map(re.escape, shown.split(MASK)))) for shown in secret.values()}
        keys = {keyed["key"] for line in secret if (keyed := _KEYED.match(line))}
        found = []
        for line in lines:
            alike = (shown for shown, skeleton in skeletons.items() if skeleton.fullmatch(line))
            settled = secret.get(line) or next(alike, None)
            if settled is None and not after and line.strip() and line != _NO_NEWLINE and not _KEYED.match(line):
                settled = MASK  # nothing tells what it is
            found.append((settled or self._secrets.sub(MASK, line), settled is not None))
        return list(_by_place(found, keys))


def _by_place(lines: Iterable[tuple[str, bool]], keys: set[str]) -> Iterator[str]:
    """Mask what stands after one of `keys`, or after a name that tells of a secret, and the lines that continue it.

    With each line comes whether it is settled: nothing more in it has to be masked.
    """
    hidden_below: int | None = None
    for line, settled in lines:
        indent = len(line) - len(line.lstrip())
        if hidden_below is not None and line.strip() and indent > hidden_below:
            yield f"{line[:indent]}{MASK}"
            continue
        shown = line if settled else _LOGIN.sub(_masked_login, line)
        keyed = _KEYED.match(shown)
        secret = keyed is not None and (keyed["key"] in keys or _TELLING.search(keyed["key"]) is not None)
        if settled:
            pass
        elif keyed and secret and keyed["value"] and not _LOGIN.search(shown):
            tail = keyed["value"][-1] if keyed["value"][-1] in ",{[" else ""  # so that JSON still looks like it
            shown = f"{shown[: keyed.start('value')]}{MASK}{tail}"
        elif not secret:
            shown = _GENERATED.sub(MASK, _QUOTED.sub(rf"\1\2{MASK}\2", shown))
        hidden_below = keyed.start("key") if keyed and (secret or MASK in shown) else None
        yield shown


def _masked_login(found: re.Match[str]) -> str:
    """The part of a URL in front of its host: with several hosts each has its own, and all of them are masked."""
    if _MASKED_LOGIN.fullmatch(found[1]):
        return found[0]
    user, colon, _password = found[1].partition(":")
    return f"://{user}:{MASK}@" if colon else f"://{MASK}@"


def _lines(text: str | None) -> list[str]:
    """Lines without their ends, and one more that says so when the last has none."""
    lines = text.split("\n") if text else []
    return lines[:-1] if lines[-1:] == [""] else [*lines, _NO_NEWLINE] if lines else []


def _range(start: int, end: int) -> str:
    length = end - start
    return f"{start + 1 if length else start},{length}"
