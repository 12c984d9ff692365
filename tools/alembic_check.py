"""Compares the models with the migrations of both branches in a database made for it: `python -m tools.alembic_check`.

The database is embedded and thrown away, so the check needs no server and touches none.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from app.supervisor import embedded

STEPS = (
    ("migrations apply to an empty database", ["upgrade", "head"]),
    ("shared tables equal their models", ["check"]),
    ("tenant tables equal their models", ["-n", "tenant", "check"]),
)


def main() -> int:
    """The number of steps that failed; the later ones need the first."""
    directory = Path(tempfile.mkdtemp(prefix="crossdock-check-"))
    servers = embedded.start(directory, fast=True)
    environment = {
        **os.environ,
        "DATABASE_URL": servers.database_owner_url,
        "DATABASE_OWNER_URL": "",
        "DATABASE_SYSTEM_URL": "",
        "REDIS_URL": servers.redis_url,
    }
    try:
        for words, arguments in STEPS:
            answer = subprocess.run(
                [sys.executable, "-m", "alembic", *arguments],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if answer.returncode:
                print(f"alembic: not so: {words}\n{answer.stdout}{answer.stderr}", file=sys.stderr)
                return 1
            print(f"alembic: {words}")
    finally:
        embedded.stop(servers)
        shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
