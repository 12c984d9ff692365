"""`python -m app new-vendor NAME --role supplier`: the folder of a vendor and its tests, which fail until it is filled
in. docs/add-a-vendor.md goes on from there.
"""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli import vendor_files
from app.cli.vendor_files import Role

_NAME = re.compile(r"[a-z][a-z0-9]{1,30}")
_BORDER = re.compile(r"^    (\(\w+\)(?: \| \(\w+\))+)\n    \(feeds\)$", re.MULTILINE)


def new_vendor(
    name: Annotated[str, typer.Argument(help="Name of the folder: small letters and digits, such as `bigbuy`.")],
    role: Annotated[list[Role], typer.Option(help="What the vendor can do; may be given more than once.")],
) -> None:
    """Write the folder of a new vendor and its tests into this checkout; they fail until they are filled in."""
    root = Path.cwd()
    contracts = root / ".importlinter"
    if not (root / "app" / "integrations" / "registry.py").is_file() or not contracts.is_file():
        _refuse("Run it in the folder of the sources, the one with `app` and `.importlinter`.")
    if not _NAME.fullmatch(name):
        _refuse(f"{name!r} cannot be the name of a folder: use 2 to 31 small letters and digits, a letter first.")
    files = vendor_files.of(name, sorted(set(role)))
    taken = sorted({str(path.parent) for path in files if (root / path.parent).exists()})
    if taken:
        _refuse(f"{' and '.join(taken)} exist already: choose another name, or delete them.")
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
        print(path)
    contracts.write_text(_with_border(contracts.read_text(encoding="utf-8"), name), encoding="utf-8")
    print(
        f"\nNext: fill in what raises NotImplementedError until `pytest tests/integrations/{name}` passes, then add"
        f" `{name}.VENDOR,` to app/integrations/registry.py. docs/add-a-vendor.md shows a vendor from here to there."
    )


def _with_border(text: str, name: str) -> str:
    """The import contracts with the vendor beside the others."""

    def widened(found: re.Match[str]) -> str:
        names = sorted({*found[1].split(" | "), f"({name})"})
        return f"    {' | '.join(names)}\n    (feeds)"

    return _BORDER.sub(widened, text, count=1)


def _refuse(words: str) -> None:
    print(words, file=sys.stderr)
    raise typer.Exit(1)
