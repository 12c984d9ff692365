"""The files that a new vendor begins with, by role. Texts only; what is to be filled in raises NotImplementedError."""

import re
from enum import StrEnum
from pathlib import Path
from string import Template

_TEXTS = Path(__file__).parent
# The name decides where the vendor's own modules stand among the others.
_IMPORT = re.compile(r"^from \S+ import (?:\([^)]*\)|[^(\n]*)\n", re.MULTILINE)
_OWN_IMPORTS = re.compile(r"(?:^from (?:app|tests)\.\S+ import (?:\([^)]*\)|[^(\n]*)\n)+", re.MULTILINE)


class Role(StrEnum):
    """What a vendor can do."""

    SOURCE = "source"
    STOCK = "stock"
    SUPPLIER = "supplier"


def of(name: str, roles: list[Role]) -> dict[Path, str]:
    """The files of a vendor by their path."""
    folder, tests = Path("app/integrations") / name, Path("tests/integrations") / name
    words = {
        "name": name,
        "Name": name.capitalize(),
        "imports": "\n".join(f"from app.integrations.{name}.{role} import open_{role}" for role in roles),
        "roles": "\n".join(f"    {role}=open_{role}," for role in roles),
    }
    paths = {folder / f"{module}.py": module for module in ("__init__", "client", "settings", *roles)}
    paths |= {tests / f"test_{role}.py": f"test_{role}" for role in roles}
    paths |= {tests / "conftest.py": "conftest"}
    files = {path: _text(template, words) for path, template in paths.items()}
    doubles = "".join(_text(f"double_{role}", words) for role in roles)
    return files | {tests / "__init__.py": "", tests / "double.py": _text("double", words) + doubles}


def _text(template: str, words: dict[str, str]) -> str:
    text = Template((_TEXTS / f"{template}.txt").read_text(encoding="utf-8")).substitute(words)
    return _OWN_IMPORTS.sub(lambda found: "".join(sorted(_IMPORT.findall(found[0]), key=str.split)), text)
