"""One piece of work, done by the client of the interpreter's own environment and by plain httpx.

    PYTHON benchmarks/client.py WORK URL                    times both, in turns
    PYTHON benchmarks/client.py WORK URL --alone PARTY      does it once: for the peak of the memory

`PARTY` is `client` or `httpx`. Prints one JSON object.

Rules:

* Only names that the client 1.1.1 has as well: the same lines measure both.
* httpx does the same bytes by hand: same requests, bodies read the way that costs it least while
  the caller still gets what the client gives him (lines, JSON values, pieces of a file).
* The two take turns in one process, so that what else happens on the machine happens to both.
* A party is a function that does the work once. It gives back what was measured where that is not
  its own time.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import httpx

from opensandbox import Sandbox, SandboxManagerSync, SandboxSync
from opensandbox.config import ConnectionConfig, ConnectionConfigSync
from opensandbox.models.filesystem import SearchEntry
from opensandbox.models.sandboxes import SandboxFilter

Party = Callable[[], float | None]
MIB = 2**20


class Pair(NamedTuple):
    """The same work done twice; `amount` is what a time is divided by."""

    client: Party
    httpx: Party
    amount: int = 1


Work = Callable[[str], AbstractContextManager[Pair]]
WORKS: dict[str, Work] = {}


def work(function: Callable[[str], Iterator[Pair]]) -> Work:
    """Register a work by its function's name."""
    made = contextmanager(function)
    WORKS[function.__name__] = made
    return made


# --- the parties' tools -----------------------------------------------------------------------


def config(url: str) -> ConnectionConfigSync:
    """How the client is told where the peer is."""
    return ConnectionConfigSync(domain=url, api_key="k", request_timeout=timedelta(seconds=120))


def async_config(url: str) -> ConnectionConfig:
    """The same in the other colour."""
    return ConnectionConfig(domain=url, api_key="k", request_timeout=timedelta(seconds=120))


@contextmanager
def both(url: str) -> Iterator[tuple[SandboxSync, httpx.Client]]:
    """A sandbox that exists, and a client of httpx, each with its connection open."""
    own = config(url)
    sandbox = SandboxSync.connect("sb-1", connection_config=own)
    with httpx.Client(base_url=url, timeout=120) as plain:
        plain.get("/ping")
        yield sandbox, plain
    sandbox.close()


@contextmanager
def both_async(
    url: str,
) -> Iterator[tuple[asyncio.Runner, ConnectionConfig, httpx.AsyncClient]]:
    """An event loop, a config and a client of httpx to use on it."""
    with asyncio.Runner() as runner:
        own = async_config(url)
        plain = httpx.AsyncClient(base_url=url, timeout=120)
        yield runner, own, plain
        runner.run(plain.aclose())
        if hasattr(own, "close"):
            runner.run(own.close())


def post_command(plain: httpx.Client, command: str) -> None:
    """A command by hand: its events, read and looked at."""
    with plain.stream("POST", "/command", json={"command": command}) as response:
        for line in response.iter_lines():
            if line:
                json.loads(line)


async def post_command_async(plain: httpx.AsyncClient, command: str) -> None:
    """The same in the other colour."""
    async with plain.stream("POST", "/command", json={"command": command}) as response:
        async for line in response.aiter_lines():
            if line:
                json.loads(line)


def times(count: int, once: Callable[[], object]) -> Party:
    """A party that does it so often."""

    def repeated() -> None:
        for _ in range(count):
            once()

    return repeated


async def at_once(count: int, once: Callable[[int], Awaitable[object]]) -> None:
    """Do it so often, all at the same time."""
    await asyncio.gather(*(once(number) for number in range(count)))


# --- one after the other ----------------------------------------------------------------------


@work
def short_command(url: str) -> Iterator[Pair]:
    """A command with one line of output."""
    with both(url) as (sandbox, plain):
        yield Pair(
            times(50, lambda: sandbox.commands.run("x")),
            times(50, lambda: post_command(plain, "x")),
            50,
        )


@work
def get_info(url: str) -> Iterator[Pair]:
    """What the server knows of one sandbox."""
    with both(url) as (sandbox, plain):
        yield Pair(
            times(50, sandbox.get_info),
            times(50, lambda: plain.get("/v1/sandboxes/sb-1").json()),
            50,
        )


@work
def lines(url: str) -> Iterator[Pair]:
    """A command with 100,000 lines of output."""
    count = 100_000

    def client() -> None:
        done = sandbox.commands.run(f"lines {count}")
        assert len(done.logs.stdout) == count, "lines are missing"

    with both(url) as (sandbox, plain):
        yield Pair(client, lambda: post_command(plain, f"lines {count}"), count)


@work
def long_line(url: str) -> Iterator[Pair]:
    """A command with one line of 8 MB, which comes in pieces of 4 KiB."""
    size = 8_000_000

    def client() -> None:
        done = sandbox.commands.run(f"event {size}")
        assert len(done.logs.stdout[0].text) == size, "a part is missing"

    with both(url) as (sandbox, plain):
        yield Pair(client, lambda: post_command(plain, f"event {size}"))


@work
def search(url: str) -> Iterator[Pair]:
    """A search that finds 1,000 files."""
    entry = SearchEntry(path="/tmp", pattern="*")
    asked = {"path": "/tmp", "pattern": "*"}

    def client() -> None:
        assert len(sandbox.files.search(entry)) == 1000, "files are missing"

    with both(url) as (sandbox, plain):
        yield Pair(client, times(1, lambda: plain.get("/files/search", params=asked).json()))


@work
def listing(url: str) -> Iterator[Pair]:
    """10,000 sandboxes, by 100 a page."""

    def client() -> None:
        count, page, more = 0, 1, True
        while more:
            found = manager.list_sandbox_infos(SandboxFilter(page=page, page_size=100))
            count += len(found.sandbox_infos)
            page, more = page + 1, found.pagination.has_next_page
        assert count == 10_000, "sandboxes are missing"

    def by_hand() -> None:
        page, more = 1, True
        while more:
            asked = {"page": page, "pageSize": 100}
            found = plain.get("/v1/sandboxes", params=asked).json()
            page, more = page + 1, found["pagination"]["hasNextPage"]

    manager = SandboxManagerSync.create(config(url))
    with httpx.Client(base_url=url, timeout=120) as plain:
        yield Pair(client, by_hand, 100)
    manager.close()


def _download(url: str, size: int) -> Iterator[Pair]:
    def client() -> None:
        read = sum(map(len, sandbox.files.read_bytes_stream(f"/size{size * MIB}")))
        assert read == size * MIB, "a part is missing"

    def by_hand() -> None:
        asked = {"path": f"/size{size * MIB}"}
        with plain.stream("GET", "/files/download", params=asked) as response:
            sum(map(len, response.iter_bytes(65536)))

    with both(url) as (sandbox, plain):
        yield Pair(client, by_hand, size)


def _upload(url: str, size: int) -> Iterator[Pair]:
    def client() -> None:
        file.seek(0)
        sandbox.files.write_file("/tmp/a", file)

    def by_hand() -> None:
        file.seek(0)
        plain.post(
            "/files/upload",
            files=[
                ("metadata", ("metadata", b'{"path":"/tmp/a"}', "application/json")),
                ("file", ("file", file, "application/octet-stream")),
            ],
        ).raise_for_status()

    with tempfile.TemporaryFile() as file, both(url) as (sandbox, plain):
        file.truncate(size * MIB)
        yield Pair(client, by_hand, size)


@work
def download(url: str) -> Iterator[Pair]:
    """A file of 256 MiB, read piece by piece."""
    yield from _download(url, 256)


@work
def upload(url: str) -> Iterator[Pair]:
    """A file of 256 MiB, written from a file."""
    yield from _upload(url, 256)


@work
def download_2_gib(url: str) -> Iterator[Pair]:
    """A file of 2 GiB, read piece by piece."""
    yield from _download(url, 2048)


@work
def upload_2_gib(url: str) -> Iterator[Pair]:
    """A file of 2 GiB, written from a file."""
    yield from _upload(url, 2048)


@work
def download_1_mib(url: str) -> Iterator[Pair]:
    """What 2 GiB are compared with."""
    yield from _download(url, 1)


@work
def upload_1_mib(url: str) -> Iterator[Pair]:
    """What 2 GiB are compared with."""
    yield from _upload(url, 1)


@work
def lingering(url: str) -> Iterator[Pair]:
    """A command whose stream stays open for a second after its end."""
    with both(url) as (sandbox, plain):
        yield Pair(
            times(1, lambda: sandbox.commands.run("linger")),
            times(1, lambda: post_command(plain, "linger")),
        )


@work
def create(url: str) -> Iterator[Pair]:
    """A sandbox made: three requests."""
    own = config(url)

    def client() -> None:
        SandboxSync.create("python:3.11", connection_config=own).close()

    def by_hand() -> None:
        plain.post("/v1/sandboxes", json={"image": {"uri": "python:3.11"}}).json()
        plain.get("/v1/sandboxes/sb-1/endpoints/44772").json()
        plain.get("/ping")

    with httpx.Client(base_url=url, timeout=120) as plain:
        yield Pair(times(5, client), times(5, by_hand), 5)


# --- at once ----------------------------------------------------------------------------------


@asynccontextmanager
async def connected(own: ConnectionConfig, count: int) -> AsyncIterator[list[Sandbox]]:
    """So many sandboxes on one config."""
    sandboxes = [
        await Sandbox.connect(f"sb-{number}", connection_config=own) for number in range(count)
    ]
    yield sandboxes
    for sandbox in sandboxes:
        await sandbox.close()


def _commands_at_once(url: str, commands: int, sandboxes: int, repeats: int) -> Iterator[Pair]:
    # In httpx's own line each that waits makes all others slower, and 1,000 take half a minute:
    # who knows that lets so many in at a time.
    gate = asyncio.Semaphore(100)
    with both_async(url) as (runner, own, plain):
        held = connected(own, sandboxes)
        made = runner.run(held.__aenter__())

        async def client(number: int) -> None:
            for _ in range(repeats):
                await made[number % sandboxes].commands.run("x")

        async def by_hand(_: int) -> None:
            async with gate:
                for _ in range(repeats):
                    await post_command_async(plain, "x")

        yield Pair(
            lambda: runner.run(at_once(commands, client)),
            lambda: runner.run(at_once(commands, by_hand)),
            commands * repeats,
        )
        runner.run(held.__aexit__(None, None, None))


@work
def concurrent(url: str) -> Iterator[Pair]:
    """100 commands at a time in one sandbox."""
    yield from _commands_at_once(url, commands=100, sandboxes=1, repeats=5)


@work
def many_sandboxes(url: str) -> Iterator[Pair]:
    """1,000 commands at once over 100 sandboxes."""
    yield from _commands_at_once(url, commands=1000, sandboxes=100, repeats=1)


@work
def lingering_async(url: str) -> Iterator[Pair]:
    """A command whose stream stays open for a second after its end."""
    with both_async(url) as (runner, own, plain):
        held = connected(own, 1)
        (sandbox,) = runner.run(held.__aenter__())

        async def client() -> float:
            began = time.perf_counter()
            await sandbox.commands.run("linger")
            return time.perf_counter() - began

        yield Pair(
            lambda: runner.run(client()),
            lambda: runner.run(post_command_async(plain, "linger")),
        )
        runner.run(held.__aexit__(None, None, None))


async def longest_block(work: Awaitable[object]) -> float:
    """How long the event loop let nobody else run, at the longest, while this was done."""
    longest = 0.0

    async def beat() -> None:
        nonlocal longest
        before = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, before = max(longest, now - before), now

    beating = asyncio.ensure_future(beat())
    await asyncio.sleep(0.01)
    longest = 0.0
    await work
    beating.cancel()
    return longest


@work
def loop_blocked(url: str) -> Iterator[Pair]:
    """30 sandboxes made at once: the longest time that nothing else ran on the event loop."""
    with both_async(url) as (runner, own, plain):

        async def client(_: int) -> None:
            sandbox = await Sandbox.create("python:3.11", connection_config=own)
            await sandbox.close()

        async def by_hand(_: int) -> None:
            (await plain.post("/v1/sandboxes", json={"image": {"uri": "python:3.11"}})).json()
            (await plain.get("/v1/sandboxes/sb-1/endpoints/44772")).json()
            await plain.get("/ping")

        yield Pair(
            lambda: runner.run(longest_block(at_once(30, client))),
            lambda: runner.run(longest_block(at_once(30, by_hand))),
        )


# --- many sandboxes on one config -------------------------------------------------------------


def resident() -> int:
    """Bytes of memory in use now."""
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


@work
def sandboxes_held(url: str) -> Iterator[Pair]:
    """What one of 1,000 connected sandboxes takes of memory; of fewer when those fill 256 MiB."""
    own = config(url)

    def connect(count: int) -> None:
        held.extend(
            SandboxSync.connect(f"sb-{number}", connection_config=own) for number in range(count)
        )

    def client() -> float:
        before, first = resident(), len(held)
        while len(held) - first < 1000 and resident() - before < 256 * MIB:
            connect(100)
        return (resident() - before) / (len(held) - first)

    held: list[SandboxSync] = []
    connect(50)
    yield Pair(client, lambda: 0.0)
    for sandbox in held:
        sandbox.close()


@work
def flat(url: str) -> Iterator[Pair]:
    """A command with 1,000 sandboxes on one config, beside one with 10 on another."""

    def taking_turns(count: int) -> Party:
        own = config(url)
        held = [SandboxSync.connect(f"sb-{n}", connection_config=own) for n in range(count)]

        def run() -> None:
            for number in range(200):
                held[number * 5 % count].commands.run("x")

        return run

    yield Pair(taking_turns(1000), taking_turns(10), 200)


@work
def tls_contexts(url: str) -> Iterator[Pair]:
    """How many TLS contexts are made for 10 sandboxes on one config."""
    import ssl

    made = 0
    new = ssl.SSLContext.__new__

    def counting(cls: type[ssl.SSLContext], *args: Any, **options: Any) -> ssl.SSLContext:
        nonlocal made
        made += 1
        return new(cls, *args, **options)

    def client() -> float:
        nonlocal made
        made = 0
        own = config(url)
        for _ in range(10):
            SandboxSync.create(
                "python:3.11", connection_config=own, skip_health_check=url.startswith("https")
            ).close()
        return made

    ssl.SSLContext.__new__ = counting  # type: ignore[method-assign,assignment]
    yield Pair(client, lambda: 0.0)


# --- the two in turns -------------------------------------------------------------------------


def measured(party: Party, amount: int) -> float:
    """What doing it once took, in seconds for one of `amount`, or what it says itself."""
    began = time.perf_counter()
    said = party()
    return (time.perf_counter() - began) / amount if said is None else said


def peak_memory() -> int:
    """The most memory that this process has had, in bytes."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            # Not what getrusage says: that counts what the parent had when it made this process.
            line = next(line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    except FileNotFoundError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def take_turns(pair: Pair, most: int, least: int, seconds: float) -> dict[str, list[float]]:
    """What each party took in each turn: at most and at least so many, and no new one after so many
    seconds. The first is slower and does not count, unless it took all the time there is.
    """
    turns: dict[str, list[float]] = {"client": [], "httpx": []}
    ends = time.monotonic() + seconds
    for turn in range(most + 1):
        for name in ("client", "httpx") if turn % 2 else ("httpx", "client"):
            turns[name].append(measured(getattr(pair, name), pair.amount))
        late = time.monotonic() > ends
        if turn == 0 and (late or most == 1):
            break
        if turn == 0:
            turns = {name: [] for name in turns}
        elif turn >= least and late:
            break
    return turns


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("work", choices=sorted(WORKS))
    parser.add_argument("url")
    parser.add_argument("--alone", choices=("client", "httpx"))
    parser.add_argument("--seconds", type=float, default=4.0, help="stop taking turns after these")
    parser.add_argument("--turns", type=int, default=30, help="the most turns")
    parser.add_argument("--least", type=int, default=5, help="the fewest")
    given = parser.parse_args()
    with WORKS[given.work](given.url) as pair:
        if given.alone:
            getattr(pair, given.alone)()
            print(json.dumps({"peak": peak_memory()}))
            return
        turns = take_turns(pair, given.turns, given.least, given.seconds)
    print(json.dumps(turns))


if __name__ == "__main__":
    main()
