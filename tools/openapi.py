"""The committed API description: `python -m tools.openapi` writes openapi.json, `--check` says how it differs."""

import difflib
import json
import sys
from pathlib import Path

from app.api.app import create_app

FILE = Path(__file__).resolve().parents[1] / "openapi.json"
SHOWN_LINES = 60


def described() -> str:
    """The API as the code describes it, in one stable layout."""
    return json.dumps(create_app().openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main(*, check: bool) -> int:
    """0 when the file is right or was written."""
    text = described()
    if not check:
        FILE.write_text(text)
        return 0
    committed = FILE.read_text() if FILE.exists() else ""
    if committed == text:
        print("openapi.json describes the API")
        return 0
    lines = difflib.unified_diff(
        committed.splitlines(), text.splitlines(), "openapi.json", "the code", lineterm="", n=1
    )
    print("\n".join(list(lines)[:SHOWN_LINES]))
    print("The API has changed: look at the difference, then run `python -m tools.openapi` and commit it.")
    return 1


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
