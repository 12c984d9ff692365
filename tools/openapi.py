"""Writes openapi.json from the application; `--check` only compares and shows what differs."""

import difflib
import json
import sys
from itertools import islice
from pathlib import Path

from app.api.app import create_app
from app.core.config import Settings

TARGET = Path(__file__).resolve().parents[1] / "openapi.json"


def render() -> str:
    """The document of an application with default settings; nothing is opened."""
    # No .env: the document must not depend on whose machine writes it.
    settings = Settings(_env_file=None, project_name="Crossdock")
    return json.dumps(create_app(settings).openapi(), indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    text = render()
    if "--check" not in sys.argv:
        TARGET.write_text(text)
        return 0
    committed = TARGET.read_text() if TARGET.exists() else ""
    if committed == text:
        return 0
    lines = difflib.unified_diff(committed.splitlines(), text.splitlines(), "openapi.json", "the application", n=1)
    print("\n".join(islice(lines, 60)))
    print("openapi.json is not what the routes say; run `python -m tools.openapi`")
    return 1


if __name__ == "__main__":
    sys.exit(main())
