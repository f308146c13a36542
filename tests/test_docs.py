"""The documents lead where they say, name commands that exist, and the first module works as it is told."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer.main
from typer.testing import CliRunner

from mutirao.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)[^)]*\)")
COMMAND = re.compile(r"(?:^|&& |; |\$ |/)(?P<line>mutirao .*)")
FILE_OF_THE_MODULE = re.compile(r"^`(contributors/canopy/[\w./]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """Return a page without code, in which brackets are no links."""
    return re.sub(r"`[^`\n]+`", "code", FENCE.sub("", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """Return the anchors that a forge makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> Iterator[str]:
    for target in (match["target"] for match in LINK.finditer(prose(page))):
        path, _, anchor = unquote(target).partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists() or (anchor and anchor not in anchors(goal)):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_and_images_lead_somewhere(page):
    assert list(broken_links(page)) == []


def test_a_broken_link_is_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# One two\n\n[a](#one-two) [b](#three) [c](gone.md) `[d](code)` [e](https://example.org)\n")
    assert list(broken_links(page)) == ["#three", "gone.md"]


def command_lines(text: str) -> list[list[str]]:
    """Return the arguments of every call of mutirao in the console blocks of a page."""
    blocks = [fence["text"].replace("\\\n", " ") for fence in FENCE.finditer(text) if fence["language"] == "console"]
    lines = [match["line"] for block in blocks for line in block.splitlines() if (match := COMMAND.search(line))]
    words = [shlex.split(re.split(r"\s(?:\||>|&&)\s", line)[0], comments=True) for line in lines]
    return [rest for _, *rest in words]


def parse(arguments: list[str]) -> None:
    """Read arguments as the command line does, and run nothing.

    Raises
    ------
    ValueError
        A command or option does not exist, or there are too many arguments.
    """
    command, rest = typer.main.get_command(app), list(arguments)
    places = 0
    while rest:
        word = rest.pop(0)
        options = {name: option for option in command.params for name in (*option.opts, *option.secondary_opts)}
        name, has_value, _ = word.partition("=")
        if word.startswith("-"):
            if name not in options and name not in ("-h", "--help"):
                raise ValueError(f"{command.name} has no option {name}")
            if name in options and not options[name].is_flag and not has_value:
                rest.pop(0)
        elif hasattr(command, "commands"):
            if word not in command.commands:
                raise ValueError(f"there is no command {word}")
            command = command.commands[word]
        else:
            places += 1
    arguments_taken = [param.nargs for param in command.params if param.param_type_name == "argument"]
    if -1 not in arguments_taken and places > sum(arguments_taken):
        raise ValueError(f"{command.name} takes {sum(arguments_taken)} arguments")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_and_options_exist(page):
    for arguments in command_lines(page.read_text(encoding="utf-8")):
        parse(arguments)


def test_documents_show_every_command():
    shown = {word for page in PAGES for arguments in command_lines(page.read_text("utf-8")) for word in arguments}
    assert set(typer.main.get_command(app).commands) - shown <= {"demo", "sync"}, "make runs these two"


@pytest.mark.parametrize("wrong", ["bild", "build --wrokers 2", "list one", "--projekt . list"])
def test_a_wrong_command_is_seen(wrong):
    with pytest.raises(ValueError, match=r"no option|no command|takes"):
        parse(shlex.split(wrong))


def words(text: str) -> str:
    """Return a text without its layout and its numbers, which may change a little with the versions of libraries."""
    return " ".join(re.sub(r"(?<![\w.])\d[\d.]*", "#", text).split())


def test_first_module_works_as_it_is_told(demo, tmp_path, monkeypatch):
    """Follow CONTRIBUTING.md word by word in a copy of the demonstration."""
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Changing the code")[0]
    for folder in ("configs", "contributors"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copytree(demo.project.workspace, tmp_path / "workspace")
    monkeypatch.chdir(tmp_path)
    collection, rule = re.findall(r"```yaml\n(  - .*?)```", guide, re.DOTALL)
    calls = [line for line in command_lines(guide) if line[0] != "serve"]
    assert [line[0] for line in calls] == ["new", "run", "check", "run", "check", "submit", "build", "release"]
    said = [call(line, expected=0) for line in calls[:2]] + [call(calls[2], expected=1)]
    for file, text in FILE_OF_THE_MODULE.findall(guide):
        (tmp_path / file).write_text(text, encoding="utf-8")
    said += [call(line, expected=0) for line in calls[3:6]]
    insert(tmp_path / "configs/collections/banat.yaml", collection, before="rules: banat\n")
    insert(tmp_path / "configs/rules/banat.yaml", rule, before="  - id: forest-base-map\n")
    said += [call(line, expected=0) for line in calls[6:]]
    everything = words("\n".join(said).replace(f"{tmp_path}/", ""))
    shown = [fence["text"] for fence in FENCE.finditer(guide) if not fence["language"]]
    for line in (line for text in shown for line in text.splitlines()):
        assert words(line) in everything


def call(arguments: list[str], *, expected: int) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == expected, f"{arguments}: {result.exception!r}\n{result.output}"
    return result.output


def insert(path: Path, text: str, *, before: str) -> None:
    old = path.read_text(encoding="utf-8")
    assert old.count(before) == 1
    path.write_text(old.replace(before, text + before), encoding="utf-8")
