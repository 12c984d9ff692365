"""The pure parts: messages, verdicts, seams, the registry's seal, progress."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.core.config import Settings
from app.core.errors import Conflict, Unavailable
from app.queue import registry, verdict
from app.queue.celery_app import make_celery
from app.queue.delivery import Delivery, PoisonMessage, parse
from app.queue.ending import GiveBack
from app.queue.errors import AttemptSuperseded, JobCancelled, RegistrySealed, WorkerStopping
from app.queue.names import JobStatus, Queue
from app.queue.outcome import Outcome
from app.queue.progress import Progress
from app.queue.seams import Fault
from app.queue.seams import parse as parse_fault

IDS = {
    "outbox_id": str(UUID(int=1)),
    "job_id": str(UUID(int=2)),
    "tenant_id": 7,
    "user_id": None,
    "attempt": 1,
}


def test_a_message_carries_ids_and_is_read_back_from_them() -> None:
    delivery = parse("test_noop", (), IDS)
    assert delivery == Delivery("test_noop", UUID(int=1), UUID(int=2), 7, None, 1)
    assert delivery.to_ids() == IDS


@pytest.mark.parametrize(
    ("args", "change"),
    [
        (("x",), {}),
        ((), {"params": {"sql": "drop"}}),
        ((), {"job_id": "not an id"}),
        ((), {"job_id": 5}),
        ((), {"attempt": 0}),
        ((), {"attempt": "1"}),
        ((), {"tenant_id": True}),
        ((), {"tenant_id": 2**63}),
        ((), {"outbox_id": None}),
    ],
)
def test_anything_but_our_ids_is_poison(args: tuple[str, ...], change: dict[str, object]) -> None:
    with pytest.raises(PoisonMessage):
        parse("test_noop", args, IDS | change)


def test_poison_keeps_what_could_be_read_of_it() -> None:
    with pytest.raises(PoisonMessage) as caught:
        parse("test_noop", (), IDS | {"surprise": 1})
    assert (caught.value.job_id, caught.value.tenant_id) == (UUID(int=2), 7)


def test_errors_say_what_becomes_of_the_job() -> None:
    settings = Settings()
    refused = verdict.of_error(Conflict("taken"), 0, settings)
    assert isinstance(refused, Outcome)
    assert (refused.status, refused.code, refused.message) == (JobStatus.FAILED, "conflict", "taken")
    away = verdict.of_error(Unavailable("the store is away"), 0, settings)
    assert isinstance(away, GiveBack)
    assert away.counts
    unforeseen = verdict.of_error(KeyError("secret"), 2, settings)
    assert isinstance(unforeseen, GiveBack)
    assert "secret" not in unforeseen.message
    assert unforeseen.delay > timedelta(seconds=settings.job_retry_seconds)


@pytest.mark.parametrize("asked", [10**9, -5, "soon", None, float("inf")])
def test_an_absurd_wait_is_bounded(asked: object) -> None:
    error = Exception()
    error.retryable, error.retry_after = True, asked  # type: ignore[attr-defined]
    ending = verdict.of_error(error, 0, Settings())
    assert isinstance(ending, GiveBack)
    assert timedelta(0) < ending.delay <= verdict.LONGEST_WAIT


def test_a_stop_ends_cancels_or_leaves_the_job() -> None:
    assert verdict.of_stop(AttemptSuperseded()) is None
    assert verdict.of_stop(JobCancelled()) == Outcome.cancelled()
    stopping = verdict.of_stop(WorkerStopping())
    assert isinstance(stopping, GiveBack)
    assert not stopping.counts


def test_a_fault_names_a_seam_a_pass_and_whether_the_group_dies() -> None:
    assert parse_fault("") is None
    assert parse_fault("after_claim") == Fault("after_claim", 1, group=False)
    assert parse_fault("before_finish:3:group") == Fault("before_finish", 3, group=True)


def test_nothing_is_registered_after_the_seal() -> None:
    registry.load()
    with pytest.raises(RegistrySealed):
        registry.job("test_too_late", queue=Queue.SYNC)(None)  # type: ignore[arg-type]


def test_the_visibility_timeout_is_longer_than_the_longest_task() -> None:
    with pytest.raises(ValueError, match="BROKER_VISIBILITY_SECONDS"):
        make_celery(Settings(broker_visibility_seconds=60, worker_task_time_limit=60))


def test_a_pace_is_known_after_the_first_items_of_this_attempt() -> None:
    progress = Progress(total=100, processed=50, began_with=50)
    assert progress.eta_seconds is None
    progress.add(processed=75)
    assert progress.eta_seconds is not None
    assert progress.percent == 75.0
