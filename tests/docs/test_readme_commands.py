"""Runs the commands of README.md, as they stand there, against a running product."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.docs.console import steps_of

README = Path(__file__).resolve().parents[2] / "README.md"
MARK = "===crossdock==="


@pytest.mark.processes
def test_the_commands_of_the_readme_do_what_it_says(live_api: str, tmp_path: Path):
    steps = steps_of(README)
    # One shell for all of them, because later commands use the variables of earlier ones.
    script = "set -e -o pipefail\n" + "".join(f"{step.command}\necho '{MARK}'\n" for step in steps)

    run = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "API": f"{live_api}/api/v1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    printed = run.stdout.split(f"{MARK}\n")
    assert run.returncode == 0, f"{steps[len(printed) - 1].command}\n{run.stdout}\n{run.stderr}"
    for step, output in zip(steps, printed, strict=False):
        assert step.is_met_by(output), f"{step.command}\nprinted: {output}\nshown: {step.output}"
