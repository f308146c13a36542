"""Read YAML into frozen models; every error names file, line and column, the value and the remedy."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from mutirao.errors import ConfigError, Finding

MAX_BYTES = 8 * 1024 * 1024
"""No configuration that people can read is larger."""
MAX_REPEATED = 100_000
"""Values that aliases may add to those that are written; a few lines of aliases can stand for billions."""
Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]
Mend = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Source(Generic[Model]):
    """A configuration value together with the place it was read from."""

    value: Model
    path: Path
    tree: CommentedMap

    def at(self, *location: int | str) -> str:
        """Return 'file:line:column' of a key path, as near as the file has it."""
        return position(self.path, self.tree, location)


def load(path: Path, model: type[Model]) -> Source[Model]:
    """Read one YAML file into a model.

    Raises
    ------
    ConfigError
        With all findings: C101 missing file, C102 not YAML, C103 duplicate key, C104 unknown key, C105 missing key,
        C106 wrong value, C108 aliases that stand for too much.
    """
    return parse(path, read_tree(path), model)


def parse(path: Path, tree: CommentedMap, model: type[Model], mend: Mend = lambda plain: plain) -> Source[Model]:
    """Make a model of what `read_tree` gave; `mend` may change the plain values, positions stay those of the file."""
    try:
        return Source(model.model_validate(mend(_plain(tree))), path, tree)
    except ValidationError as err:
        raise ConfigError(*_findings(err, path, tree, model)) from err


def read_tree(path: Path) -> CommentedMap:
    """Read one YAML file as a mapping that remembers its positions."""
    text = _text(path)
    try:
        tree = _tree(text)
    except DuplicateKeyError as err:
        raise _yaml_error("C103", err, path, "keep one of the two lines") from err
    except MarkedYAMLError as err:
        raise _yaml_error("C102", err, path, "repair the YAML at this place; mind indentation and colons") from err
    except YAMLError as err:
        raise ConfigError.because("C102", f"not YAML: {err}", where=str(path), remedy="repair the file") from err
    except RecursionError as err:
        message = "values are nested too deep"
        raise ConfigError.because("C102", message, where=str(path), remedy="nest less") from err
    except ValueError as err:  # a date such as 2027-02-30; the parser does not say where
        where, remedy = _impossible_date(text, path), "write a date that exists, or quote what is no date"
        raise ConfigError.because("C102", f"a value is no date: {err}", where=where, remedy=remedy) from err
    if not isinstance(tree, CommentedMap):
        remedy = "begin the file with 'key: value' lines; see the schema in configs/schemas/"
        raise ConfigError.because("C102", "the file is no mapping of keys to values", where=str(path), remedy=remedy)
    _refuse_explosion(tree, path)
    return tree


def _impossible_date(text: str, path: Path) -> str:
    """Return the place of the first date that no calendar has; the file if none is found."""
    for number, line in enumerate(text.splitlines(), start=1):
        for found in re.finditer(r"(\d{4})-(\d{1,2})-(\d{1,2})", line):
            try:
                date(*map(int, found.groups()))
            except ValueError:
                return f"{path}:{number}:{found.start() + 1}"
    return str(path)


@lru_cache(maxsize=64)
def _tree(text: str) -> Any:
    """Parse YAML. A collection of ten modules reads its legend ten times, and nobody changes a tree."""
    return YAML(typ="rt").load(text)


def _refuse_explosion(tree: CommentedMap, path: Path) -> None:
    """Refuse a file whose aliases stand for far more than is written, or for themselves."""
    # Without aliases a file has no more values than bytes.
    sizes: dict[int, float] = {}
    if _size(tree, sizes) > path.stat().st_size + MAX_REPEATED:
        worst = max(tree, key=lambda key: _size(tree[key], sizes))
        message = f"aliases add more than {MAX_REPEATED} values, or hold themselves"
        remedy = "write the values out, or repeat fewer of them"
        raise ConfigError.because("C108", message, where=position(path, tree, (worst,)), remedy=remedy)


def _size(node: Any, sizes: dict[int, float]) -> float:
    """Return the number of values with every alias written out; infinite for one that holds itself."""
    if not isinstance(node, Mapping | list):
        return 1
    if id(node) not in sizes:
        sizes[id(node)] = math.inf
        sizes[id(node)] = 1 + sum(_size(child, sizes) for child in _children_of(node))
    return sizes[id(node)]


def _children_of(node: Any) -> Iterable[Any]:
    return [*node.keys(), *node.values()] if isinstance(node, Mapping) else node


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            remedy = f"split it, or move data into a raster or a table; the limit is {MAX_BYTES} bytes"
            message, where = f"{path.stat().st_size} bytes of YAML", f"{path}:{_line_at(path, MAX_BYTES)}:1"
            raise ConfigError.because("C102", message, where=where, remedy=remedy)
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as err:
        raise _missing(path) from err
    except (OSError, UnicodeDecodeError) as err:
        remedy = "check the permissions, and save the file as UTF-8 text"
        raise ConfigError.because("C101", f"cannot be read: {err}", where=str(path), remedy=remedy) from err


def _line_at(path: Path, offset: int) -> int:
    """Return the line that holds a byte of a file, from 1."""
    with path.open("rb") as file:
        return 1 + file.read(offset).count(b"\n")


def _missing(path: Path) -> ConfigError:
    siblings = sorted(other.stem for other in path.parent.glob(f"*{path.suffix}")) if path.parent.is_dir() else []
    remedy = f"create it, or name one that exists: {', '.join(siblings)}" if siblings else "create it"
    return ConfigError.because("C101", "file does not exist", where=str(path), remedy=remedy)


def _yaml_error(code: str, err: MarkedYAMLError, path: Path, remedy: str) -> ConfigError:
    mark = err.problem_mark or err.context_mark
    where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
    problem = (err.problem or "not YAML").splitlines()[0]
    return ConfigError.because(code, problem, where=where, remedy=remedy)


def position(path: Path, tree: CommentedMap, location: Location) -> str:
    """Return 'file:line:column' of the deepest part of a key path that the file has."""
    node: Any = tree
    line, column = node.lc.line, node.lc.col
    for step in location:
        if isinstance(node, CommentedMap) and step in node:
            line, column = node.lc.key(step)
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            line, column = node.lc.item(step)
        else:
            continue
        node = node[step]
    return f"{path}:{line + 1}:{column + 1}"


def _plain(node: Any) -> Any:
    """Return builtin containers and scalars; ruamel's own scalar types carry layout that we do not keep."""
    if isinstance(node, Mapping):
        return {_plain(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _findings(err: ValidationError, path: Path, tree: CommentedMap, model: type[BaseModel]) -> Iterable[Finding]:
    schema = model.model_json_schema(by_alias=True)
    for error in err.errors(include_url=False):
        location = error["loc"]
        where = position(path, tree, location)
        yield _finding(error, where, ".".join(str(step) for step in location), _keys_at(schema, location[:-1]))


def _finding(error: Any, where: str, key: str, valid: list[str]) -> Finding:
    name = key.rsplit(".", 1)[-1]
    match error["type"]:
        case "extra_forbidden":
            near = difflib.get_close_matches(name, valid, 1)
            remedy = f"did you mean '{near[0]}'?" if near else "remove it"
            return Finding("C104", f"unknown key '{key}'", where, f"{remedy} Keys here: {', '.join(valid)}")
        case "missing":
            return Finding("C105", f"key '{key}' is missing", where, f"add '{name}:' here")
        case _:
            reason = error["msg"].removeprefix("Value error, ")
            value = "" if isinstance(error["input"], dict | list) else f" (value {error['input']!r})"
            subject = f"{key}: " if key else ""
            return Finding("C106", f"{subject}{reason}{value}", where, "give a value that fits; see configs/schemas/")


def _keys_at(schema: dict[str, Any], location: Location) -> list[str]:
    """Return the keys that a model allows at a place, by walking its JSON Schema."""
    nodes = [schema]
    for step in location:
        nodes = [child for node in nodes for child in _children(schema, node, step)] or nodes
    return sorted({key for node in nodes for option in _options(schema, node) for key in option.get("properties", {})})


def _children(schema: dict[str, Any], node: dict[str, Any], step: int | str) -> list[dict[str, Any]]:
    options = _options(schema, node)
    if isinstance(step, int):
        return [option["items"] for option in options if "items" in option]
    named = [option["properties"][step] for option in options if step in option.get("properties", {})]
    free = [o["additionalProperties"] for o in options if isinstance(o.get("additionalProperties"), dict)]
    return named or free


def _options(schema: dict[str, Any], node: dict[str, Any]) -> list[dict[str, Any]]:
    """Resolve $ref and the branches of anyOf and oneOf."""
    if "$ref" in node:
        return _options(schema, schema["$defs"][node["$ref"].rsplit("/", 1)[-1]])
    branches = node.get("anyOf", []) + node.get("oneOf", [])
    return [option for branch in branches for option in _options(schema, branch)] or [node]
