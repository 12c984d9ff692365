"""Following a job over a connection that breaks, and without live events at all."""

import pytest

from app.cli.journey.client import StepFailed, connect
from app.cli.journey.live import JobState, follow, parse_events
from tests.cli.stub_api import JOB, StubApi, job, of_events, of_json, of_problem

EVENTS = f"GET /jobs/{JOB}/events"
RESOURCE = f"GET /jobs/{JOB}"


class Stopped(Exception):
    pass


def states(stub: StubApi) -> list[JobState]:
    with connect(stub.url) as client:
        return list(follow(client, JOB, pause=lambda _: None))


def test_events_tell_the_job_until_its_end(stub: StubApi):
    stub.prepare(EVENTS, of_events((1, job("pending")), (2, job(progress_percent=40.5)), (3, job("completed"))))

    assert [state.status for state in states(stub)] == ["pending", "running", "completed"]
    assert stub.requests(RESOURCE) == []


def test_a_broken_stream_is_resumed_behind_the_last_whole_event(stub: StubApi):
    stub.prepare(
        EVENTS,
        of_events((1, job()), (7, job(progress_percent=30)), torn='id: 8\ndata: {"id": "cut'),
        of_events((9, job("completed"))),
    )
    stub.prepare(RESOURCE, of_json(job(progress_percent=50)))

    followed = states(stub)

    assert [(state.status, state.progress_percent) for state in followed] == [
        ("running", 0),
        ("running", 30),
        ("running", 50),
        ("completed", 0),
    ]
    first, second = (headers for headers, _ in stub.requests(EVENTS))
    assert "Last-Event-ID" not in first
    assert second["Last-Event-ID"] == "7"


def test_without_events_the_job_is_asked_for_again_and_again(stub: StubApi):
    stub.prepare(RESOURCE, of_json(job("pending")), of_json(job()), of_json(job("failed", error_code="feed_empty")))

    followed = states(stub)

    assert [state.status for state in followed] == ["pending", "running", "failed"]
    assert followed[-1].error_code == "feed_empty"


def test_an_api_that_is_away_for_a_moment_is_waited_for(stub: StubApi):
    stub.prepare(EVENTS, of_problem(503, "database_away", "Try again shortly"))
    stub.prepare(RESOURCE, of_problem(503, "database_away", "Try again shortly"), of_json(job("completed")))

    assert [state.status for state in states(stub)] == ["completed"]


def test_a_job_that_does_not_exist_is_not_waited_for(stub: StubApi):
    with pytest.raises(StepFailed, match="path_unknown"):
        states(stub)


def test_a_pause_can_end_the_following(stub: StubApi):
    stub.prepare(EVENTS, of_events((1, job())))

    def stop(_: float) -> None:
        raise Stopped

    with connect(stub.url) as client, pytest.raises(Stopped):
        list(follow(client, JOB, pause=stop))
    assert stub.requests(RESOURCE) == []


def test_comments_and_torn_events_are_no_events():
    lines = [": hello", "", "id: 4", "data: {", "data: }", "", "event: job", "id: 5", "data: {}"]

    assert [(event.id, event.data) for event in parse_events(iter(lines))] == [("4", ["{", "}"])]


def test_the_numbers_of_the_result_are_the_last_word():
    running = JobState(id=JOB, status="running", counters={"rejected": 2})
    ended = JobState(id=JOB, status="completed", counters={"rejected": 2}, result={"rejected": 5, "created": 1})

    assert (running.count("rejected"), running.count("created")) == (2, 0)
    assert (ended.count("rejected"), ended.count("created")) == (5, 1)
