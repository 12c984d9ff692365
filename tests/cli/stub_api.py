"""A small HTTP server with prepared answers, for what a real API does only on a bad day: break off, refuse, go away."""

import json
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

JOB = "01a2048e-3511-758b-9153-818473700ed7"


@dataclass(frozen=True)
class Answer:
    body: bytes
    status: int = 200
    content_type: str = "application/json"


@dataclass
class StubApi:
    """Answers each request of a path by the next prepared answer; the last one is answered for ever."""

    url: str = ""
    answers: dict[str, deque[Answer]] = field(default_factory=lambda: defaultdict(deque))
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def prepare(self, request: str, *answers: Answer) -> None:
        self.answers[request].extend(answers)

    def requests(self, request: str) -> list[tuple[dict[str, str], bytes]]:
        return [(headers, body) for asked, headers, body in self.asked if asked == request]


def job(status: str = "running", **facts: Any) -> dict[str, Any]:
    return {"id": JOB, "status": status, "progress_percent": 0.0, **facts}


def of_json(value: object, status: int = 200) -> Answer:
    return Answer(json.dumps(value).encode(), status)


def of_events(*states: tuple[int, dict[str, Any]], torn: str = "") -> Answer:
    text = "".join(
        f"event: job\nid: {number}\ndata: {json.dumps(state)}\n\n: still here\n\n" for number, state in states
    )
    return Answer((text + torn).encode(), content_type="text/event-stream")


def of_problem(status: int, code: str, detail: str) -> Answer:
    return of_json({"status": status, "code": code, "detail": detail, "request_id": "req-1"}, status)


@contextmanager
def stub_api() -> Iterator[StubApi]:
    stub = StubApi()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            request = f"{self.command} {self.path.split('?')[0].removeprefix('/api/v1')}"
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            stub.asked.append((request, dict(self.headers), body))
            waiting = stub.answers[request]
            answer = of_problem(404, "path_unknown", "There is no such path") if not waiting else waiting[0]
            if len(waiting) > 1:
                waiting.popleft()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
