"""The processes of docker-compose.yml, fly.toml and the Dockerfile are the same ones, and what they name exists."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import yaml
from celery.bin.celery import celery as celery_command
from typer.main import get_command

from app.api.app import create_app
from app.cli import children
from app.cli.main import COMMANDS, command_line
from app.core.config import Settings
from app.queue.names import Queue
from tests.deploy import dockerfile

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
FLY: dict[str, Any] = tomllib.loads((ROOT / "fly.toml").read_text(encoding="utf-8"))
IMAGE = dockerfile.parse((ROOT / "Dockerfile").read_text(encoding="utf-8"))[-1]
API = next(step.exec_form for step in IMAGE if step.word == "CMD")
SERVICES: dict[str, Any] = COMPOSE["services"]
NO_HEADERS = "--no-proxy-headers"
MIGRATE = "alembic upgrade head && python -m app tenants migrate"


def commands() -> list[list[str]]:
    """Every command of ours, as words, from all three files."""
    compose = [
        service["command"]
        for service in SERVICES.values()
        if service.get("image") == "crossdock" and "command" in service
    ]
    fly = [shlex.split(text) for text in (*FLY["processes"].values(), FLY["deploy"]["release_command"])]
    lines = [API, *compose, *fly]
    return [shlex.split(part) for words in lines for part in _unwrapped(words).split("&&")]


def _unwrapped(words: list[str]) -> str:
    return words[2] if words[:2] == ["sh", "-c"] else shlex.join(words)


def seconds(text: str) -> int:
    assert text.endswith("s")
    return int(text[:-1])


def test_the_three_files_run_the_same_processes():
    assert shlex.split(FLY["processes"]["web"]) == API
    assert "command" not in SERVICES["api"]
    assert shlex.split(FLY["processes"]["worker"]) == SERVICES["worker"]["command"]
    assert shlex.split(FLY["processes"]["pulse"]) == SERVICES["pulse"]["command"]
    assert _unwrapped(shlex.split(FLY["deploy"]["release_command"])) == MIGRATE
    assert _unwrapped(SERVICES["migrate"]["command"]) == MIGRATE
    assert set(SERVICES) == {"postgres", "redis", "migrate", "api", "pulse", "worker", "flower"}


def test_every_program_is_one_that_the_image_has():
    assert {words[0] for words in commands()} == {"uvicorn", "celery", "python", "alembic"}


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_parses(words: list[str]):
    match words:
        case ["uvicorn", "main:app", *_]:
            assert uvicorn.main.make_context("uvicorn", words[1:]).params["app"] == "main:app"
        case ["celery", "-A", "app.worker", name, *options]:
            assert (ROOT / "app" / "worker.py").exists()
            root = celery_command.make_context("celery", ["-A", "app.worker"], resilient_parsing=True)
            command = celery_command.get_command(root, name)
            assert command
            assert name == "flower" or not command.make_context(name, options, resilient_parsing=True).args
        case ["python", "-m", "app", *path]:
            group = get_command(command_line(COMMANDS))
            for step in path:
                group = group.commands[step]
        case _:
            assert words == ["alembic", "upgrade", "head"]
            assert (ROOT / "alembic.ini").exists()


def test_the_worker_listens_to_every_queue_and_to_no_other():
    words = SERVICES["worker"]["command"]

    assert words[words.index("-Q") + 1].split(",") == [queue.value for queue in Queue]


def test_ports_agree():
    port = API[API.index("--port") + 1]
    exposed = next(step.rest for step in IMAGE if step.word == "EXPOSE")
    check = next(step.rest for step in IMAGE if step.word == "HEALTHCHECK")

    assert exposed == port == str(FLY["http_service"]["internal_port"])
    assert f"http://127.0.0.1:{port}/health'" in check
    assert SERVICES["api"]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_health_checks_ask_paths_that_exist():
    paths = create_app(Settings(_env_file=None)).openapi()["paths"].keys()

    assert {check["path"] for check in FLY["http_service"]["checks"]} == {"/health", "/ready"} <= paths


def test_a_stopping_worker_has_time_to_hand_its_jobs_back():
    needed = Settings.model_fields["worker_soft_shutdown_seconds"].default

    assert FLY["kill_signal"] == "SIGTERM"
    assert FLY["kill_timeout"] >= needed + 20
    assert seconds(SERVICES["worker"]["stop_grace_period"]) >= needed + 20
    assert FLY["env"]["REMAP_SIGTERM"] == SERVICES["worker"]["environment"]["REMAP_SIGTERM"] == "SIGQUIT"


def test_the_broker_never_evicts_and_keeps_its_log():
    command = SERVICES["redis"]["command"]

    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert command[command.index("--appendonly") + 1] == "yes"


def test_flower_is_closed_to_strangers():
    assert SERVICES["flower"]["ports"] == ["127.0.0.1:5555:5555"]
    assert ":?" in SERVICES["flower"]["environment"]["FLOWER_BASIC_AUTH"]


def test_data_survives_a_restart_and_uploads_are_shared():
    mounts = {mount.partition(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])}

    assert mounts == set(COMPOSE["volumes"])
    assert SERVICES["api"]["volumes"] == SERVICES["worker"]["volumes"]
    assert FLY["env"]["STORAGE_BACKEND"] == "s3"


def test_processes_wait_for_what_they_need():
    for name in ("api", "pulse", "worker", "flower"):
        needs = SERVICES[name]["depends_on"]
        assert needs["migrate"] == {"condition": "service_completed_successfully"}
        for service, need in needs.items():
            assert need["condition"] != "service_healthy" or "healthcheck" in SERVICES[service]


def test_production_settings_are_complete():
    environment = SERVICES["api"]["environment"]
    values = {name.lower(): re.sub(r"\$\{[^}]+\}", "x" * 32, text) for name, text in environment.items()}

    assert Settings(_env_file=None, **values).is_production
    assert FLY["env"]["ENVIRONMENT"] == "production"


def test_no_file_believes_a_forwarded_address_from_anybody():
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("Dockerfile", "docker-compose.yml", "fly.toml")]

    assert not [text for text in texts if re.search(r"forwarded.allow.ips\W+\*", text, re.IGNORECASE)]


def test_no_api_lets_clients_set_their_own_address():
    """Uvicorn would believe X-Forwarded-For from its own machine; TRUSTED_PROXIES alone says whom to believe."""
    trial = children.api_child({}, "127.0.0.1", 1).command

    assert [
        command for command in (API, shlex.split(FLY["processes"]["web"]), trial) if NO_HEADERS not in command
    ] == []
