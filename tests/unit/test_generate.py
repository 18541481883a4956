"""`scripts/generate.py`: editing a document and running it is the whole procedure."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "generated" / "opensandbox_api"


def generate(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the script in another directory than the checkout's."""
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "generate.py"), *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def documents(place: Path) -> Path:
    """A copy of openapi/ to edit."""
    return shutil.copytree(ROOT / "openapi", place / "openapi")


def edit(path: Path) -> Any:
    """The parsed document, to be changed and handed to `save`."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def save(path: Path, document: Any) -> None:
    """Write a changed document."""
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def files(root: Path) -> dict[str, bytes]:
    """Every file below a folder, by its name."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def test_a_new_field_and_a_new_operation_come_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = documents(tmp_path)
    document = edit(source / "lifecycle.yaml")
    sandbox = document["components"]["schemas"]["Sandbox"]
    sandbox["properties"]["mood"] = {"description": "How it feels.", "type": "string"}
    document["paths"]["/sandboxes/{sandbox_id}/wave"] = {
        "post": {
            "tags": ["sandboxes"],
            "operationId": "wave_at_sandbox",
            "summary": "Wave.",
            "parameters": [{"$ref": "#/components/parameters/sandbox_id"}],
            "responses": {
                "200": {
                    "description": "It waves back.",
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Sandbox"}}
                    },
                }
            },
        }
    }
    save(source / "lifecycle.yaml", document)

    done = generate("--openapi", source, "--output", tmp_path / "waving_api", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    monkeypatch.syspath_prepend(str(tmp_path))
    models = importlib.import_module("waving_api.lifecycle.models")
    wave = importlib.import_module("waving_api.lifecycle.api.sandboxes.wave_at_sandbox")
    answer = {
        "id": "s",
        "status": {"state": "Running"},
        "createdAt": "2026-11-22T21:43:27Z",
        "mood": "good",
    }
    assert models.Sandbox.from_dict(answer).mood == "good"
    assert wave._get_kwargs("a/b") == {"method": "POST", "url": "/sandboxes/a%2Fb/wave"}


def test_the_output_depends_on_the_documents_alone(tmp_path: Path) -> None:
    (tmp_path / "ruff.toml").write_text("line-length = 40\n[format]\nquote-style = 'single'\n")

    done = generate("--output", tmp_path / "elsewhere" / "some_api", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert files(tmp_path / "elsewhere" / "some_api") == files(GENERATED)


def test_check_names_every_changed_missing_and_orphaned_file(tmp_path: Path) -> None:
    target = tmp_path / "opensandbox_api"
    shutil.copytree(GENERATED, target, ignore=shutil.ignore_patterns("__pycache__"))
    with (target / "types.py").open("a") as file:
        file.write("# by hand\n")
    (target / "execd" / "models" / "metrics.py").unlink()
    (target / "execd" / "models" / "left_over.py").touch()
    before = files(target)

    done = generate("--check", "--output", target, cwd=tmp_path)

    assert done.returncode == 1
    assert done.stdout.splitlines()[:-1] == [
        f"changed: {target / 'types.py'}",
        f"missing: {target / 'execd/models/metrics.py'}",
        f"orphaned: {target / 'execd/models/left_over.py'}",
    ]
    assert files(target) == before


def test_generating_again_removes_what_is_orphaned(tmp_path: Path) -> None:
    target = tmp_path / "opensandbox_api"
    shutil.copytree(GENERATED, target, ignore=shutil.ignore_patterns("__pycache__"))
    (target / "execd" / "models" / "left_over.py").touch()

    done = generate("--output", target, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert files(target) == files(GENERATED)


def test_a_streamed_operation_has_to_be_on_the_list(tmp_path: Path) -> None:
    source = documents(tmp_path)
    document = edit(source / "execd.yaml")
    document["paths"]["/files/download"]["get"]["operationId"] = "fetch_file"
    save(source / "execd.yaml", document)
    (tmp_path / "target").mkdir()

    done = generate("--openapi", source, "--output", tmp_path / "target", cwd=tmp_path)

    assert done.returncode == 1
    assert "GET /files/download" in done.stderr
    assert "put fetch_file into opensandbox/_wire/routes.py" in done.stderr
    assert files(tmp_path / "target") == {}


def test_a_document_that_the_generator_warns_about_is_refused(tmp_path: Path) -> None:
    source = documents(tmp_path)
    document = edit(source / "egress.yaml")
    document["components"]["schemas"]["NetworkRule"]["properties"]["target"] = {
        "$ref": "#/components/schemas/Nowhere"
    }
    save(source / "egress.yaml", document)

    done = generate("--openapi", source, "--output", tmp_path / "target", cwd=tmp_path)

    assert done.returncode == 1
    assert "egress.yaml" in done.stderr
    assert not (tmp_path / "target").exists()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("three years of work")

    done = generate("--output", tmp_path, cwd=tmp_path)

    assert done.returncode == 1
    assert str(tmp_path) in done.stderr
    assert files(tmp_path) == {"thesis.txt": b"three years of work"}


def test_the_tools_that_are_installed_are_those_that_the_script_wants() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    script = (ROOT / "scripts" / "generate.py").read_text(encoding="utf-8")
    pins = ast.literal_eval(re.findall(r"^PINS = (.*)$", script, re.MULTILINE)[0])
    for name, version in pins.items():
        assert f"{name}=={version}" in settings["project"]["optional-dependencies"]["dev"]
