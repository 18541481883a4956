"""Code in contexts: variables that stay, results in many forms, errors, interrupts, deaths."""

from __future__ import annotations

import base64
import threading
import time
from typing import Any

import httpx
import pytest

from tests.local.execd.daemons import Daemon, Event, joined, parse


class Evaluation:
    """The answer to a piece of code, taken apart."""

    def __init__(self, response: httpx.Response) -> None:
        assert response.status_code == 200, response.text
        self.events: list[Event] = [e for e in parse(response.text) if e.get("type") != "ping"]
        self.last = self.events[-1]
        self.results = [e["results"] for e in self.events if e.get("type") == "result"]
        self.stdout = joined(self.events, "stdout")
        self.stderr = joined(self.events, "stderr")

    @property
    def value(self) -> str:
        """The one result as text."""
        (forms,) = self.results
        text: str = forms["text/plain"]
        return text

    @property
    def error(self) -> dict[str, Any]:
        assert self.last["type"] == "error", self.last
        found: dict[str, Any] = self.last["error"]
        return found


def evaluate(daemon: Daemon, code: str, **context: Any) -> Evaluation:
    body: dict[str, Any] = {"code": code}
    if context:
        body["context"] = context
    return Evaluation(daemon.client.post("/code", json=body))


def new(daemon: Daemon, language: str = "python") -> str:
    answer = daemon.client.post("/code/context", json={"language": language})
    assert answer.status_code == 200
    assert answer.json()["language"] == language
    identity: str = answer.json()["id"]
    return identity


def test_variables_stay_in_their_context(daemon: Daemon) -> None:
    one, other = new(daemon), new(daemon)
    assert evaluate(daemon, "import math\nx = 6", id=one).results == []
    assert evaluate(daemon, "x * math.factorial(3) + 6", id=one).value == "42"
    assert evaluate(daemon, "_ + 1", id=one).value == "43"
    assert evaluate(daemon, "x", id=other).error["ename"] == "NameError"


def test_the_events_come_in_order(daemon: Daemon) -> None:
    identity = new(daemon)
    found = evaluate(
        daemon, "import sys\nprint('a')\nprint('b', file=sys.stderr)\n'c'", id=identity
    )
    kinds = [event["type"] for event in found.events]
    assert kinds[0] == "init"
    assert found.events[0]["text"] == identity
    assert set(kinds[1:-3]) == {"stdout", "stderr"}
    assert kinds[-3:] == ["result", "execution_count", "execution_complete"]
    assert (found.stdout, found.stderr, found.value) == ("a\n", "b\n", "'c'")
    assert found.events[-2]["execution_count"] == 1
    assert evaluate(daemon, "1", id=identity).events[-2]["execution_count"] == 2


def test_output_streams_while_the_code_runs(daemon: Daemon) -> None:
    code = "import os, time\nprint('now')\nwhile not os.path.exists('go'): time.sleep(0.01)"
    seen = b""
    with daemon.stream("/code", {"code": code}) as response:
        for piece in response.iter_bytes():
            seen += piece
            if b"now" in seen:
                (daemon.files / "go").touch()
    assert b"execution_complete" in seen


def test_all_forms_of_a_value_are_results(daemon: Daemon) -> None:
    code = """
class Rich:
    def __repr__(self): return "rich"
    def _repr_html_(self): return "<b>rich</b>"
    def _repr_png_(self): return b"\\x89PNG"
    def _repr_json_(self): return {"rich": [1]}
    def _repr_svg_(self): raise ValueError("no")
    def _repr_mimebundle_(self): return {"application/x-own": "own"}
display(Rich())
Rich()
"""
    forms = {
        "text/plain": "rich",
        "application/x-own": "own",
        "text/html": "<b>rich</b>",
        "image/png": base64.b64encode(b"\x89PNG").decode(),
        "application/json": '{"rich": [1]}',
    }
    assert evaluate(daemon, code).results == [forms, forms]
    assert evaluate(daemon, "Rich").value == "<class '__main__.Rich'>"


def test_an_error_has_its_name_its_words_and_the_lines_of_the_code_only(daemon: Daemon) -> None:
    found = evaluate(daemon, "def f():\n    return {}['k']\nprint('before')\nf()").error
    assert (found["ename"], found["evalue"]) == ("KeyError", "'k'")
    text = "\n".join(found["traceback"])
    assert "return {}['k']" in text
    assert "kernel" not in text
    wrong = evaluate(daemon, "x = = 1").error
    assert wrong["ename"] == "SyntaxError"
    assert "kernel" not in "\n".join(wrong["traceback"])
    assert evaluate(daemon, "import sys; sys.exit(3)").error["ename"] == "SystemExit"
    assert evaluate(daemon, "1").value == "1", "none of these ended the interpreter"


def test_await_works_and_threads_and_subprocesses_print(daemon: Daemon) -> None:
    code = """
import asyncio, subprocess, threading
t = threading.Thread(target=print, args=("thread",)); t.start(); t.join()
subprocess.run(["echo", "child"])
await asyncio.sleep(0)
await asyncio.sleep(0, "value")
"""
    found = evaluate(daemon, code)
    assert found.stdout == "thread\nchild\n"
    assert found.value == "'value'"


def test_much_output_and_odd_text_come_through(daemon: Daemon) -> None:
    found = evaluate(daemon, "print('é' * 300_000)\n'\\ud800 é \\u2028'")
    assert found.stdout == "é" * 300_000 + "\n"
    assert found.value == "'\\ud800 é \\u2028'"
    odd = evaluate(daemon, "class Odd:\n def __repr__(s): return '\\ud800'\nOdd()")
    assert odd.value == "?"


def test_standard_input_is_empty_and_the_socket_is_not_there(daemon: Daemon) -> None:
    assert evaluate(daemon, "input()").error["ename"] == "EOFError"
    code = "import subprocess\nsubprocess.run('ls /proc/self/fd | wc -l', shell=True)"
    assert evaluate(daemon, code).stdout.strip() in ("3", "4")


def interrupted(daemon: Daemon, identity: str, code: str) -> Evaluation:
    """What code comes to that is interrupted once it has printed something."""
    found: list[Evaluation] = []
    runs = threading.Thread(target=lambda: found.append(evaluate(daemon, code, id=identity)))
    runs.start()
    marker = daemon.files / identity
    deadline = time.monotonic() + 20
    while not marker.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert daemon.client.delete("/code", params={"id": identity}).status_code == 200
    runs.join(20)
    return found[0]


def test_an_interrupt_ends_the_code_and_keeps_the_variables(daemon: Daemon) -> None:
    identity = new(daemon)
    code = f"import time\nx = 5\nopen('{identity}', 'w')\ntime.sleep(60)"
    assert interrupted(daemon, identity, code).error["ename"] == "KeyboardInterrupt"
    assert evaluate(daemon, "x", id=identity).value == "5"
    assert daemon.client.delete("/code", params={"id": identity}).status_code == 200
    assert evaluate(daemon, "x", id=identity).value == "5", "an idle one is not disturbed"


def test_code_of_one_context_takes_turns(daemon: Daemon) -> None:
    identity = new(daemon)
    found: list[Evaluation] = []

    def run(number: int) -> None:
        found.append(evaluate(daemon, f"l = globals().get('l', []) + [{number}]; l", id=identity))

    runs = [threading.Thread(target=run, args=(number,)) for number in range(5)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    assert sorted(len(each.value.split(",")) for each in found) == [1, 2, 3, 4, 5]


def test_an_interpreter_that_dies_says_so_and_comes_back(daemon: Daemon) -> None:
    identity = new(daemon)
    evaluate(daemon, "x = 1", id=identity)
    died = evaluate(daemon, "print('last')\nimport os\nos._exit(5)", id=identity)
    assert died.stdout == "last\n"
    assert died.error["ename"] == "InterpreterDied"
    assert "exit status 5" in died.error["evalue"]
    assert evaluate(daemon, "x", id=identity).error["ename"] == "NameError"


@pytest.mark.parametrize(
    "said", ["not json\\n", "[]\\n", '{"results": 7}\\n', '{"error": [], "done": 1}\\n']
)
def test_code_that_finds_the_socket_harms_only_itself(daemon: Daemon, said: str) -> None:
    identity = new(daemon)
    code = f"""
import os, stat
for fd in range(3, 30):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode): os.write(fd, b'{said}')
    except OSError: pass
"""
    assert evaluate(daemon, code, id=identity).last["type"] in ("error", "execution_complete")
    daemon.client.delete(f"/code/contexts/{identity}")
    assert evaluate(daemon, "1").value == "1"


def test_a_fork_of_the_code_ends_with_it(daemon: Daemon) -> None:
    code = "import os\nif os.fork() == 0:\n    pass\nelse:\n    os.wait()\n'parent'"
    identity = new(daemon)
    found = evaluate(daemon, code, id=identity)
    assert {forms["text/plain"] for forms in found.results} == {"'parent'"}
    assert evaluate(daemon, "2", id=identity).value == "2"


def test_bash_is_a_language_too(daemon: Daemon) -> None:
    identity = new(daemon, "bash")
    evaluate(daemon, "cd /; X=5", id=identity)
    found = evaluate(daemon, "pwd; echo $X; exit 3", id=identity)
    assert found.stdout == "/\n5\n"
    assert found.error["evalue"] == "3"
    assert [e["execution_count"] for e in found.events if e["type"] == "execution_count"] == [2]


def test_contexts_are_listed_shown_and_deleted(fresh: Daemon) -> None:
    fresh.configure()
    client = fresh.client
    assert client.get("/code/contexts", params={"language": "python"}).json() == []
    first, second, third = new(fresh), new(fresh), new(fresh, "bash")
    listed = client.get("/code/contexts", params={"language": "python"}).json()
    assert listed == [{"id": each, "language": "python"} for each in (first, second)]
    assert client.get(f"/code/contexts/{third}").json() == {"id": third, "language": "bash"}
    assert client.delete(f"/code/contexts/{first}").status_code == 200
    assert client.get(f"/code/contexts/{first}").status_code == 404
    assert client.delete("/code/contexts", params={"language": "python"}).status_code == 200
    assert client.get("/code/contexts", params={"language": "python"}).json() == []
    assert client.get(f"/code/contexts/{third}").status_code == 200


def test_a_deleted_context_leaves_no_process(fresh: Daemon) -> None:
    fresh.configure()
    before = fresh.descriptors()
    identity = new(fresh)
    pid = evaluate(fresh, "import os; os.getpid()", id=identity).value
    fresh.client.delete(f"/code/contexts/{identity}")
    gone = f"for i in $(seq 100); do kill -0 {pid} 2>/dev/null || exit 0; sleep 0.05; done; exit 1"
    assert fresh.run(gone).exit_code == 0
    assert fresh.descriptors() <= before + 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/code/context", {"language": "cobol"}, 400, "NOT_SUPPORTED"),
        ("POST", "/code", {"code": "1", "context": {"language": "R"}}, 400, "NOT_SUPPORTED"),
        ("POST", "/code", {"code": "1", "context": {"id": "x"}}, 404, "CONTEXT_NOT_FOUND"),
        ("POST", "/code", {"code": "1", "context": "x"}, 400, "INVALID_REQUEST_BODY"),
        ("POST", "/code", {}, 400, "INVALID_REQUEST_BODY"),
        ("DELETE", "/code", None, 400, "MISSING_QUERY"),
        ("DELETE", "/code?id=x", None, 500, "RUNTIME_ERROR"),
        ("GET", "/code/contexts", None, 400, "MISSING_QUERY"),
        ("DELETE", "/code/contexts/x", None, 404, "CONTEXT_NOT_FOUND"),
    ],
)
def test_what_cannot_be_is_refused(
    daemon: Daemon, method: str, path: str, body: Any, status: int, code: str
) -> None:
    answer = daemon.client.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
