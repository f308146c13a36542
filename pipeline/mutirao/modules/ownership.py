"""Who owns what, made from the manifests: CODEOWNERS for the forge, and a table of the modules for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mutirao.modules.manifest import Manifest

BEGIN = "# modules, made from their manifests by 'mutirao sync': change those, not these lines"
END = "# end of the modules"
HANDLE = re.compile(r"(?<![\w.+-])@\w[\w-]*(?:/[\w.-]*\w)?")
"""A person or team of a forge, such as @ana or @institute/mapping; no e-mail address."""

_TABLE_HEAD = """# Modules

Who maps what. This page is made from the manifests in `contributors/` by `mutirao sync`.

| module | organisation | maintainers | what | kind | method | years | licence | status |
|---|---|---|---|---|---|---|---|---|
"""


def handles(manifest: Manifest) -> list[str]:
    """Return the forge handles among the contacts of a module's maintainers, each once."""
    found = (handle for maintainer in manifest.maintainers for handle in HANDLE.findall(maintainer.contact))
    return list(dict.fromkeys(found))


def codeowners(manifests: Iterable[Manifest], existing: str = "") -> str:
    """Return CODEOWNERS: a line for each module's folder; lines that people wrote around them stay.

    Parameters
    ----------
    existing : text that is there already. The last match wins on a forge, so the modules stand where they stood, at
        the end at first.
    """
    lines = "\n".join([BEGIN, *(_owners(manifest) for manifest in manifests), END])
    before, begin, rest = existing.partition(BEGIN)
    _, end, after = rest.partition(END)
    if begin and end:
        return f"{before}{lines}{after}"
    gap = "\n" if existing and not existing.endswith("\n\n") else ""
    return f"{existing}{gap}{lines}\n"


def _owners(manifest: Manifest) -> str:
    owners = " ".join(handles(manifest))
    folder = f"/contributors/{manifest.id}/"
    return f"{folder} {owners}" if owners else f"# {folder} has no owner: no contact in its manifest is a forge handle"


def module_table(manifests: Iterable[Manifest]) -> str:
    """Return docs/modules.md: a line for each module."""
    return _TABLE_HEAD + "".join(f"| {' | '.join(_cells(manifest))} |\n" for manifest in manifests)


def _cells(manifest: Manifest) -> Iterator[str]:
    page = f"../contributors/{manifest.id}/README.md"
    yield f"[{manifest.id}]({page})"
    people = ", ".join(_person(maintainer.name, maintainer.contact) for maintainer in manifest.maintainers)
    years = f"{manifest.years.first} to {manifest.years.last}"
    words = (manifest.organisation, people, f"{manifest.name}: {manifest.description}", manifest.kind)
    for text in (*words, manifest.method, years, manifest.license, manifest.status):
        yield " ".join(text.split()).replace("|", "\\|")


def _person(name: str, contact: str) -> str:
    return f"{name} ({contact})" if contact else name
