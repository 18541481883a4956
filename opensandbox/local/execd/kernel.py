"""The program that runs Python code for one context, one piece after the other.

It is run by the sandbox's own ``python3``, by its path, so it uses nothing that Python 3.8 has not,
and nothing but the standard library. Standard input is a socket to the daemon: lines of JSON,
``{"code", "count"}`` in, and out any number of ``{"results"}``, perhaps one ``{"error"}``, and
``{"done": true}`` for each. What the code prints goes to standard output and error as it is.

Rules:
- The code never sees the socket: it finds an empty standard input.
- Only while code runs does an interrupt mean anything.
- The last expression's value is a result, in every form that it says it has.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.path[0] = ""  # The directory of the code, not of this file.

import ast
import asyncio
import base64
import builtins
import inspect
import json
import linecache
import os
import signal
import socket
import traceback
import types

_FORMS = {
    "_repr_html_": "text/html",
    "_repr_markdown_": "text/markdown",
    "_repr_latex_": "text/latex",
    "_repr_svg_": "image/svg+xml",
    "_repr_png_": "image/png",
    "_repr_jpeg_": "image/jpeg",
    "_repr_pdf_": "application/pdf",
    "_repr_json_": "application/json",
    "_repr_javascript_": "application/javascript",
}


class Kernel:
    """What lasts from one piece of code to the next."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("r", encoding="utf-8")
        self._main = types.ModuleType("__main__")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = os.getpid()
        sys.modules["__main__"] = self._main
        vars(builtins)["display"] = self.display

    def serve(self) -> None:
        """Runs what is asked for until the daemon closes the socket."""
        for line in self._lines:
            request = json.loads(line)
            self._run(request["code"], request["count"])
            if os.getpid() != self._pid:
                os._exit(0)  # Code that forked: its copy of this program has no business here.
            self._tell({"done": True})

    def display(self, *values: object) -> None:
        """Sends values as results, from the middle of the code."""
        for value in values:
            self._show(value)

    def _run(self, code: str, count: int) -> None:
        name = "<code {}>".format(count)  # noqa: UP032 -- as old as the Python that runs it
        lines = code.splitlines(keepends=True)
        linecache.cache[name] = (len(code), None, lines, name)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            value = self._evaluate(code, name)
            if value is not None:
                vars(self._main)["_"] = value
                self._show(value)
            self._show_figures()
        except BaseException as error:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self._flush()
            self._tell({"error": _described(error, name)})
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self._flush()

    def _evaluate(self, code: str, name: str) -> object:
        """Runs the code; the value of its last expression."""
        tree = ast.parse(code, name)
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            last = ast.Expression(tree.body.pop().value)  # type: ignore[attr-defined]
        self._execute(compile(tree, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
        if last is None:
            return None
        return self._execute(compile(last, name, "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))

    def _execute(self, code: types.CodeType) -> object:
        value = eval(code, vars(self._main))
        if not code.co_flags & inspect.CO_COROUTINE:
            return value
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop.run_until_complete(value)

    def _show(self, value: object) -> None:
        self._flush()
        self._tell({"results": _forms(value)})

    def _show_figures(self) -> None:
        """What matplotlib has drawn, if it was used."""
        plots = sys.modules.get("matplotlib.pyplot")
        if plots is None:
            return
        import io

        for number in plots.get_fignums():
            drawn = io.BytesIO()
            figure = plots.figure(number)
            figure.savefig(drawn, format="png", bbox_inches="tight")
            encoded = base64.b64encode(drawn.getvalue()).decode()
            self._flush()
            self._tell({"results": {"text/plain": repr(figure), "image/png": encoded}})
        plots.close("all")

    def _flush(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                continue  # Whatever the code has put there is its own affair.

    def _tell(self, message: dict[str, object]) -> None:
        self._connection.sendall(json.dumps(message).encode() + b"\n")


def _forms(value: object) -> dict[str, str]:
    forms = {"text/plain": repr(value)}
    if isinstance(value, type):
        return forms  # Its methods are there for its instances.
    bundle = _call(value, "_repr_mimebundle_")
    if isinstance(bundle, tuple):
        bundle = bundle[0]
    found = dict(bundle) if isinstance(bundle, dict) else {}
    for method, kind in _FORMS.items():
        if kind not in found:
            form = _call(value, method)
            found[kind] = form[0] if isinstance(form, tuple) else form
    for kind, form in found.items():
        if form is not None:
            forms[str(kind)] = _as_text(form)
    return forms


def _call(value: object, method: str) -> object:
    found = getattr(value, method, None)
    if not callable(found):
        return None
    try:
        return found()
    except Exception:
        return None  # As if it had no such form.


def _as_text(form: object) -> str:
    if isinstance(form, bytes):
        return base64.b64encode(form).decode()
    return form if isinstance(form, str) else json.dumps(form)


def _described(error: BaseException, name: str) -> dict[str, object]:
    """An exception as an event carries it, without the frames of this program."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    lines = traceback.format_exception(type(error), error.with_traceback(trace), trace)
    try:
        text = str(error)
    except Exception:
        text = "<str() of the exception failed>"
    return {
        "ename": type(error).__name__,
        "evalue": text,
        "traceback": "".join(lines).splitlines(),
    }


def main() -> None:
    """Takes the socket away from standard input, and serves."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=os.dup(0))
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    Kernel(connection).serve()


if __name__ == "__main__":
    main()
