"""The command line: `serve`, `image`, `check`.

- argparse only; what a command needs is imported when it runs.
- Every error is one clear line on stderr. Exit codes: 0 done, 1 a check that failed, 2 an error,
  3 this machine cannot isolate sandboxes, 4 another server already uses the directory.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

DONE, FAILED, ERROR, REFUSED, ALREADY_RUNNING = range(5)

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the process's exit code. None: the process's own arguments."""
    parsed = _parser().parse_args(arguments)
    command: Command = parsed.command
    try:
        return command(parsed)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("starlette", "uvicorn", "h11", "anyio"):
            raise
        return complain(
            f"the embedded runtime needs {error.name}: pip install 'opensandbox[local]'"
        )
    except KeyboardInterrupt:
        return 130


def complain(message: str, code: int = ERROR) -> int:
    """Says in one line what is wrong, and returns the exit code."""
    print(f"opensandbox: {message}", file=sys.stderr, flush=True)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m opensandbox", description="Run sandboxes on this machine."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands)
    _add_images(commands)
    check = commands.add_parser("check", help="say what this machine can do for sandboxes")
    check.set_defaults(command=_check)
    return parser


def _add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    serve = commands.add_parser("serve", help="run the lifecycle server in the foreground")
    serve.set_defaults(command=_serve)
    add = serve.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=8080, help="0 takes any free one (default: %(default)s)")
    add("--api-key", help="default: OPEN_SANDBOX_API_KEY, else one that is made and kept")
    add("--directory", type=Path, help="where all state is kept")
    add(
        "--isolation",
        choices=("auto", "bubblewrap", "none"),
        default=os.environ.get("OPEN_SANDBOX_LOCAL_ISOLATION", "auto"),
        help="none runs sandboxes as plain processes of this machine (default: %(default)s)",
    )
    add("--spares", type=int, default=1, help="daemons that wait ready (default: %(default)s)")
    add("--embedded", action="store_true", help="log to a file, stop when unused")
    add(
        "--idle-timeout",
        type=float,
        default=60.0,
        metavar="S",
        help="seconds without use after which an embedded server stops (default: %(default)s)",
    )
    add("--kill-on-exit", action="store_true", help="end every sandbox when told to stop")
    add(
        "--allow-volumes",
        type=Path,
        action="append",
        default=[],
        metavar="PREFIX",
        help="directory below which host volumes may lie; may be repeated",
    )
    add(
        "--disk",
        default="10Gi",
        metavar="SIZE",
        help="what a sandbox may write unless it asks for another limit, such as 10Gi, or none "
        "(default: %(default)s); as root only",
    )
    add(
        "--host-alias",
        action="append",
        default=[],
        metavar="NAME=ADDRESS",
        help="where sandboxes reach a name, instead of what the resolver says; may be repeated",
    )


def _add_images(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    image = commands.add_parser("image", help="import, list and remove root file systems")
    actions = image.add_subparsers(required=True, metavar="ACTION")
    bring = actions.add_parser("import", help="give a root file system a name")
    bring.add_argument("name", help="the image's name, such as python:3.11")
    bring.add_argument("source", type=Path, help="a directory, a tarball, or docker save's output")
    bring.set_defaults(command=_import_image)
    listing = actions.add_parser("list", help="list the imported ones")
    listing.set_defaults(command=_list_images)
    remove = actions.add_parser("remove", help="delete an imported one")
    remove.add_argument("name")
    remove.set_defaults(command=_remove_image)
    for action in (bring, listing, remove):
        action.add_argument("--directory", type=Path, help="where all state is kept")


def _serve(arguments: argparse.Namespace) -> int:
    from .serve import serve

    return serve(arguments)


def _import_image(arguments: argparse.Namespace) -> int:
    from .image import import_image

    return import_image(arguments.name, arguments.source, arguments.directory)


def _list_images(arguments: argparse.Namespace) -> int:
    from .image import list_images

    return list_images(arguments.directory)


def _remove_image(arguments: argparse.Namespace) -> int:
    from .image import remove_image

    return remove_image(arguments.name, arguments.directory)


def _check(arguments: argparse.Namespace) -> int:
    from .check import check

    return check()
