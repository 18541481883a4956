"""Write generated/opensandbox_api from openapi/; with --check, say what would change and exit 1.

- The documents and `openapi/templates` decide the output, with the tools at the pinned versions:
  not the place it is written to, the working directory, other settings files or the machine.
- What streams is left out (`opensandbox/_wire/routes.py` is the list), as are error answers:
  the client turns those into exceptions before a generated function sees them.
- Defaults are the server's: what a caller leaves out is not sent.
"""

import argparse
import importlib.metadata
import io
import shutil
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import yaml
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from opensandbox._wire.routes import STREAMED  # noqa: E402

PINS = {"openapi-python-client": "0.29.1", "ruff": "0.17.6"}
DOCUMENTS = ("lifecycle", "execd", "egress", "diagnostics")
METHODS = ("get", "put", "post", "patch", "delete")
BUFFERABLE = ("application/json", "application/merge-patch+json", "text/plain")
UNUSED = ("client.py", "errors.py")
FORMATTER = ("--isolated", "--no-cache", "--target-version=py311", "--line-length=100", "--quiet")

Json = Any


class Mistake(Exception):
    """Something that whoever edits the documents has to put right."""


def check_pins() -> None:
    """Refuse other versions of the tools: their output differs."""
    for name, wanted in PINS.items():
        found = importlib.metadata.version(name)
        if found != wanted:
            raise Mistake(f"{name} {wanted} is needed, this environment has {found}")


def generated_part(document: Json) -> Json:
    """The document as the generator gets it: what can be buffered, and no errors."""
    for path, item in document["paths"].items():
        for method in METHODS:
            operation = item.get(method)
            if operation is None:
                continue
            if operation.get("operationId") in STREAMED:
                del item[method]
            else:
                _reduce_operation(operation, f"{method.upper()} {path}")
    schemas = document["components"]["schemas"]
    for name in [name for name, schema in schemas.items() if _holds_bytes(schema)]:
        del schemas[name]
    _leave_to_server(document)
    return document


def _reduce_operation(operation: Json, name: str) -> None:
    if "operationId" not in operation:
        raise Mistake(f"{name} has no operationId")
    if body := operation.get("requestBody"):
        content_type = next(iter(body["content"]))
        body["content"] = {content_type: body["content"][content_type]}
    answers = {
        status: answer for status, answer in operation["responses"].items() if status[0] == "2"
    }
    operation["responses"] = answers or {"200": {"description": "Not said."}}
    for part in [body or {}, *answers.values()]:
        for content_type in part.get("content", {}):
            if content_type not in BUFFERABLE:
                raise Mistake(
                    f"{name} carries {content_type}, which generated code would buffer:"
                    f" put {operation['operationId']} into opensandbox/_wire/routes.py"
                )


def _holds_bytes(schema: Json) -> bool:
    return any(p.get("format") == "binary" for p in schema.get("properties", {}).values())


def _leave_to_server(node: Json) -> None:
    """Drop what a server decides or checks: defaults, and whether an id is a UUID."""
    if isinstance(node, list):
        for child in node:
            _leave_to_server(child)
    if not isinstance(node, dict):
        return
    if isinstance(properties := node.get("properties"), dict) and "required" in node:
        node["required"] = [n for n in node["required"] if "default" not in properties.get(n, {})]
    if "type" in node and not isinstance(node["type"], dict):
        node.pop("default", None)
        if node.get("format") == "uuid":
            del node["format"]
    for child in node.values():
        _leave_to_server(child)


def write_package(source: Path, target: Path) -> None:
    """Generate every document below `source` into the import package `target`.

    A mistake in a document leaves the target as it was.
    """
    if _files(target) and not (target / "types.py").is_file():
        raise Mistake(f"{target} holds something else than a generated package, which would go")
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "opensandbox_api"
        _write_fresh(source, fresh)
        _mirror(fresh, target)


def _write_fresh(source: Path, target: Path) -> None:
    templates = source / "templates"
    shutil.copytree(templates / "package", target)
    for name in DOCUMENTS:
        _write_api(source / f"{name}.yaml", target / name, source / "generator.yaml", templates)
    for command in (["check", "--fix-only", "--select=I,F401"], ["format"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *FORMATTER, str(target)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Mistake(f"ruff {command[0]} failed:\n{done.stdout}{done.stderr}")


def _mirror(fresh: Path, target: Path) -> None:
    """Make `target` equal to `fresh`, touching only the files that differ."""
    for name in _files(target) - _files(fresh):
        (target / name).unlink()
    for name in _files(fresh):
        content = (fresh / name).read_bytes()
        place = target / name
        if not place.is_file() or place.read_bytes() != content:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


def _write_api(document: Path, target: Path, options: Path, templates: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        reduced = Path(scratch) / document.name
        content = generated_part(yaml.safe_load(document.read_text(encoding="utf-8")))
        reduced.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        config = Config.from_sources(
            config_file=ConfigFile.load_from_path(options),
            meta_type=MetaType.NONE,
            document_source=reduced,
            file_encoding="utf-8",
            overwrite=False,
            output_path=target,
        )
        with redirect_stdout(io.StringIO()):
            problems = generate(config=config, custom_template_path=templates)
    if problems:
        lines = [f"{p.header}: {p.detail}" for p in problems]
        raise Mistake(f"{document}:\n" + "\n".join(lines))
    for name in UNUSED:
        (target / name).unlink()


def differences(have: Path, want: Path) -> list[str]:
    """Each file of `have` that is not what `want` has, with what is wrong about it."""
    found, wanted = _files(have), _files(want)
    lines = [f"missing: {have / name}" for name in wanted - found]
    lines += [f"orphaned: {have / name}" for name in found - wanted]
    lines += [
        f"changed: {have / name}"
        for name in found & wanted
        if (have / name).read_bytes() != (want / name).read_bytes()
    ]
    return sorted(lines)


def _files(root: Path) -> set[Path]:
    return {
        path.relative_to(root)
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def check(source: Path, target: Path) -> int:
    """Print how `target` differs from what `source` says; 0 when it does not."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "opensandbox_api"
        _write_fresh(source, fresh)
        lines = differences(target, fresh)
    if lines:
        print(*lines, "Run `make generate`.", sep="\n")
    return 1 if lines else 0


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 0 is success, 1 a difference or a mistake in a document."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, name what differs")
    parser.add_argument("--openapi", type=Path, default=ROOT / "openapi", metavar="DIR")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "generated" / "opensandbox_api", metavar="DIR"
    )
    options = parser.parse_args(arguments)
    try:
        check_pins()
        if options.check:
            return check(options.openapi, options.output)
        write_package(options.openapi, options.output)
    except Mistake as mistake:
        print(mistake, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
