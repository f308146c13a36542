"""M106, M107, M110, M114: does the module tell how its map is made, and may the collection use it?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mutirao.errors import Finding
from mutirao.modules.checks.base import Check
from mutirao.modules.licences import why_not
from mutirao.modules.module import Module
from mutirao.modules.numbers import counted

TODO = re.compile(r"\bTODO:")
"""The mark that templates leave; with its colon, because 'todo' is a word in Portuguese and Spanish."""
MIN_METHOD_LINES = 3
"""Lines of text, headings not counted, below which a method page says nothing."""
TOPICS = {
    "Data": r"data|inputs?|imagery|images?|sources|dados|datos|insumos|entradas|imagens|imágenes",
    "Classes": r"class(es)?|legend|legenda|leyenda|clases",
    "Method": r"methods?|methodology|classification|classifier|processing|m[ée]todo(s|log[íi]a)?|metodologia|"
    r"classificação|clasificación",
    "Accuracy and limits": r"accuracy|validation|limits?|limitations?|judged|acurácia|validação|limitações|limites|"
    r"exactitud|validación|limitaciones|límites",
    "Contact": r"contacts?|maintainers?|authors?|contato|contacto|autores",
}
"""What a method page speaks of: words of which a heading has one, by the heading that the template has."""
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


class MethodPage(Check):
    """README.md tells how the map is made."""

    code = "M106"
    severity = "advise"
    remedy = f"write in README.md, under headings: {', '.join(TOPICS)}"

    def check(self, module: Module) -> Iterator[Finding]:
        """Count the lines of text that are no headings."""
        page = module.folder / "README.md"
        if not page.is_file():
            yield self.found("there is no method page", str(page))
        elif (lines := _text_lines(page)) < MIN_METHOD_LINES:
            message = f"the method page has {counted(lines, 'line')} of text, needs {MIN_METHOD_LINES}"
            yield self.found(message, str(page))


def _text_lines(page: Path) -> int:
    return sum(bool(line.strip()) and not line.startswith("#") for line in _lines(page))


class MethodPageIsComplete(Check):
    """README.md has a section with text on data, classes, method, accuracy and limits, and contact."""

    code = "M114"
    severity = "advise"
    remedy = "add a section with such a heading; a sentence may be enough, also that nothing is known"

    def check(self, module: Module) -> Iterator[Finding]:
        """Look for a heading on each topic, and text below it; a page that says nothing is told by M106."""
        page = module.folder / "README.md"
        if not page.is_file() or _text_lines(page) < MIN_METHOD_LINES:
            return
        sections = list(read_sections(_COMMENT.sub("", "\n".join(_lines(page)))))
        lacking = [topic for topic, words in TOPICS.items() if not _speaks_of(words, sections)]
        if lacking:
            yield self.found(f"the method page has no section, or an empty one, on: {', '.join(lacking)}", str(page))


def _speaks_of(words: str, sections: Sequence[tuple[str, str]]) -> bool:
    topic = re.compile(rf"\b({words})\b", re.IGNORECASE)
    return any(text.strip() and topic.search(heading) for heading, text in sections)


def read_sections(page: str) -> Iterator[tuple[str, str]]:
    """Yield heading and text of each section of Markdown below the title; the text of sections below it is its own."""
    headings: list[tuple[int, str, int]] = []
    lines, is_code = page.splitlines(), False
    for number, line in enumerate(lines):
        is_code ^= line.lstrip().startswith(("```", "~~~"))
        if not is_code and (found := _HEADING.match(line)):
            headings.append((len(found[1]), found[2], number))
    title = 1 if headings and headings[0][0] == 1 else 0
    for k, (level, heading, first) in enumerate(headings[title:], start=title):
        end = next((number for other, _, number in headings[k + 1 :] if other <= level), len(lines))
        below = {number for _, _, number in headings}
        yield heading, "\n".join(line for number, line in enumerate(lines[first:end], first) if number not in below)


class NoTodoLeft(Check):
    """No line of the template waits to be filled in."""

    code = "M107"
    remedy = "fill the line in and take the mark away"

    def check(self, module: Module) -> Iterator[Finding]:
        """Search manifest, method page and method file for the template's mark."""
        for path in (module.source.path, module.folder / "README.md", module.method_file):
            if path is None or not path.is_file():
                continue
            for number, line in enumerate(_lines(path), start=1):
                if mark := TODO.search(line):
                    text = line[mark.start() :].strip()
                    yield self.found(f"a line of the template is left: {text!r}", f"{path}:{number}:{mark.start() + 1}")


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


class LicenceFits(Check):
    """The module's licence lets the collection be published under its own."""

    code = "M110"
    severity = "advise"
    remedy = "agree on a licence with the network; CC-BY-4.0 and CC0-1.0 fit every licence with attribution"

    def check(self, module: Module) -> Iterator[Finding]:
        """Look both licences up in the table."""
        own, common = module.manifest.license, module.collection.license
        if reason := why_not(own, common):
            message = f"licence {own} may not go into a collection under {common}: {reason}"
            yield self.found(message, module.source.at("license"))
