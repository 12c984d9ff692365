"""The pulse with the test kinds registered: `python -m tests.support.pulse_main`."""

from app.cli.pulse import pulse
from tests.support import job_kinds

__all__ = ["job_kinds"]

if __name__ == "__main__":
    pulse()
