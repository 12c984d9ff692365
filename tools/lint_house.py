"""Checks the rules of this house that no off-the-shelf linter knows: `python tools/lint_house.py` from the checkout.

One parse per file; findings read `path:line rule message`. The only escape is `# house: allow <rule> (<reason>)`
on the line, and an escape that allows nothing is a finding too. Who may import whom is .importlinter's business.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

CHECKED = ("main.py", "app", "alembic", "bench", "tests", "tools")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

ESCAPE = re.compile(r"#\s*house:\s*allow\s+(?P<rule>[\w-]+)(?P<reason>\s*\(\S[^)]*\))?")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
VAGUE_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "base"})
NETWORK_MODULES = frozenset(
    {
        "httpx",
        "httpcore",
        "httpx2",
        "requests",
        "aiohttp",
        "anyio",
        "urllib.request",
        "urllib3",
        "socket",
        "http.client",
    }
)
NETWORK_PLACES = ("app/cli/", "app/supervisor/", "app/integrations/http/", "bench/", "tests/")
NETWORK_CALLS = frozenset({"open_connection", "create_connection", "sock_connect", "urlopen"})
CLOCK_READS = frozenset(
    {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
)
# A tenant's schema followed by a table, put together by hand: the SQL text that core.tenancy.table is there for.
HAND_MADE_SCHEMA = re.compile(r"\b(?:user_(?:\{|%[sd]|\d+\b\"?\.)|template_tenant\"?\.)")


class Finding(NamedTuple):
    """One broken rule at one line."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.rule} {self.message}"


@dataclass(frozen=True)
class Source:
    """A file, parsed once; every rule reads from here."""

    path: str
    text: str
    tree: ast.Module = field(repr=False)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @cached_property
    def comments(self) -> dict[int, str]:
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}

    @cached_property
    def functions(self) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
        return tuple(node for node in self.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    @cached_property
    def calls(self) -> tuple[tuple[ast.Call, str], ...]:
        return tuple((node, _dotted(node.func)) for node in self.nodes if isinstance(node, ast.Call))

    @cached_property
    def constants(self) -> dict[str, str]:
        return {
            target.id: node.value.value
            for node in self.tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    @cached_property
    def imports(self) -> tuple[tuple[int, str], ...]:
        return tuple(_imported(self.nodes))

    def lies_in(self, *places: str) -> bool:
        return self.path.startswith(places)


Complaints = Iterator[tuple[int, str]]


def parse(path: str, text: str) -> Source:
    """The source of a file under its path relative to the checkout, with forward slashes."""
    return Source(path, text, ast.parse(text, path))


def check(sources: Iterable[Source]) -> list[Finding]:
    """All findings in a set of files, by path and line."""
    files = list(sources)
    constants = {name: text for source in files if source.lies_in("app/") for name, text in source.constants.items()}
    known_jobs = {name for source in files for name in registered_jobs(source, constants)}
    findings: list[Finding] = []
    for source in files:
        raw = [Finding(source.path, line, rule, words) for rule, find in RULES.items() for line, words in find(source)]
        raw += [
            Finding(source.path, line, "job-name", words) for line, words in unknown_jobs(source, known_jobs, constants)
        ]
        findings += _without_escaped(source, raw)
    return sorted(findings)


def _without_escaped(source: Source, raw: list[Finding]) -> Iterator[Finding]:
    escapes = {line: found for line, text in source.comments.items() if (found := ESCAPE.search(text))}
    used: set[int] = set()
    for finding in raw:
        escape = escapes.get(finding.line)
        if escape and escape["rule"] == finding.rule and escape["reason"]:
            used.add(finding.line)
        else:
            yield finding
    for line in escapes.keys() - used:
        yield Finding(source.path, line, "escape", "allows nothing here, or gives no reason in (brackets)")


def commits_at_the_edge(source: Source) -> Complaints:
    """A verb never commits: request edges and the job runner do."""
    if source.lies_in("app/") and not source.lies_in("app/core/", "app/queue/"):
        for call, name in source.calls:
            if name.rpartition(".")[2] == "commit":
                yield call.lineno, "commit at the edge: sessions.begin() in core/ or queue/ does it"


def network_through_one_client(source: Source) -> Complaints:
    """Addresses that a user can influence are reached through one guarded client only."""
    if not source.lies_in(*NETWORK_PLACES):
        for line, name in source.imports:
            if any(name == module or name.startswith(f"{module}.") for module in NETWORK_MODULES):
                yield line, f"{name} opens connections: go through app/integrations/http"
        for call, name in source.calls:
            if name.rpartition(".")[2] in NETWORK_CALLS:
                yield call.lineno, f"{name}() opens a connection: go through app/integrations/http"


def one_clock(source: Source) -> Complaints:
    """Time is asked for in one place, so that tests can move it."""
    if source.lies_in("app/", "main.py") and source.path != "app/core/clock.py":
        for call, name in source.calls:
            if any(name == read or name.endswith(f".{read}") for read in CLOCK_READS):
                yield call.lineno, f"{name}() reads a clock of its own: use app.core.clock"
        for line, name in source.imports:
            if name in {"time.time", "time.time_ns"}:
                yield line, f"{name} reads a clock of its own: use app.core.clock"


def imports_at_the_top(source: Source) -> Complaints:
    """Dependencies are seen at the top of a file; a late import says on its line why it is late."""
    lines = {
        node.lineno
        for function in source.functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    for line in sorted(lines - source.comments.keys()):
        yield line, "import at the top of the file, or say on this line why not"


def nothing_unfinished(source: Source) -> Complaints:
    """What is left to do stands in an issue, not in the code."""
    for line, text in source.comments.items():
        if UNFINISHED.search(text):
            yield line, "finish it or open an issue"
    for node in source.nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring and UNFINISHED.search(docstring):
                yield node.body[0].lineno, "finish it or open an issue"


def modules_say_what_they_hold(source: Source) -> Complaints:
    """Every module opens with what lives here and what does not."""
    if (source.text.strip() or source.lies_in("app/")) and not ast.get_docstring(source.tree):
        yield 1, "open the module with one to three sentences: what lives here, what does not"


def files_stay_short(source: Source) -> Complaints:
    """Long files split by use case; a migration is one list of statements and stays whole."""
    if source.lies_in("alembic/"):
        return
    lines = source.text.count("\n")
    if lines > MAX_FILE_LINES:
        yield 1, f"{lines} lines; split by use case at {MAX_FILE_LINES}"


def functions_stay_short(source: Source) -> Complaints:
    """Long functions hide names for their parts; a migration is one list of statements and stays whole."""
    if source.lies_in("alembic/"):
        return
    for function in source.functions:
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > MAX_FUNCTION_LINES:
            yield function.lineno, f"{function.name} has {lines} lines; {MAX_FUNCTION_LINES} are enough"


def file_names_say_something(source: Source) -> Complaints:
    """A name that fits everything attracts everything."""
    parts = Path(source.path).with_suffix("").parts
    for part in parts:
        if part in VAGUE_NAMES and not (part == "base" and "contracts" in parts):
            yield 1, f"{part!r} fits everything; name the file after what it holds"


def tenant_names_from_one_maker(source: Source) -> Complaints:
    """Only core.tenancy puts a tenant's schema into SQL text, from a checked integer."""
    if source.lies_in("app/") and source.path != "app/core/tenancy.py":
        prose = {id(node.value) for node in source.nodes if isinstance(node, ast.Expr)}
        for node in source.nodes:
            if id(node) not in prose and HAND_MADE_SCHEMA.search(_text_with_holes(node)):
                yield getattr(node, "lineno", 1), "qualified names come from app.core.tenancy"


def no_print(source: Source) -> Complaints:
    """The application logs; only the command line prints. A print to a stream that it was given is a write."""
    if source.lies_in("app/", "main.py") and not source.lies_in("app/cli/"):
        for call, name in source.calls:
            if name == "print" and not any(keyword.arg == "file" for keyword in call.keywords):
                yield call.lineno, "log it (structlog), or move it to app/cli"


def registered_jobs(source: Source, constants: dict[str, str]) -> Iterator[str]:
    """The job names that a file registers: `@job("name", …)`, or a constant in its place."""
    for call, name in source.calls:
        if name.rpartition(".")[2] == "job":
            yield from _text_of(call.args[:1], constants)


def unknown_jobs(source: Source, known: set[str], constants: dict[str, str]) -> Complaints:
    """A job is enqueued under a name that some tasks.py registers."""
    if source.lies_in("app/"):
        for call, name in source.calls:
            if name.rpartition(".")[2] == "enqueue":
                named = [keyword.value for keyword in call.keywords if keyword.arg == "name"]
                for job in _text_of(call.args[1:2] or named, constants):
                    if job not in known:
                        yield call.lineno, f"no tasks.py registers a job {job!r}"


RULES: dict[str, Callable[[Source], Complaints]] = {
    "commit": commits_at_the_edge,
    "network": network_through_one_client,
    "clock": one_clock,
    "late-import": imports_at_the_top,
    "unfinished": nothing_unfinished,
    "docstring": modules_say_what_they_hold,
    "file-length": files_stay_short,
    "function-length": functions_stay_short,
    "file-name": file_names_say_something,
    "tenant-name": tenant_names_from_one_maker,
    "print": no_print,
}


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return ""


def _imported(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _text_of(values: list[ast.expr], constants: dict[str, str]) -> Iterator[str]:
    for value in values:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value
        else:
            constant = constants.get(_dotted(value).rpartition(".")[2])
            if constant is not None:
                yield constant


def _text_with_holes(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{" for part in node.values)
    return ""


def sources_of(root: Path) -> Iterator[Source]:
    """The files of a checkout that are checked."""
    for place in CHECKED:
        target = root / place
        for path in sorted(target.rglob("*.py")) if target.is_dir() else [target] * target.exists():
            yield parse(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))


def main() -> int:
    findings = check(sources_of(Path(__file__).resolve().parents[1]))
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings" if findings else "The house is in order.")
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
