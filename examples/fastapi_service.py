"""A web service that runs the code it is sent, a fresh sandbox for each request.

    pip install fastapi uvicorn
    uvicorn examples.fastapi_service:app
    curl -d '{"code": "print(6 * 7)"}' -H 'content-type: application/json' localhost:8000/run

One ConnectionConfig lives as long as the service: its connections are shared by all sandboxes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from opensandbox import ConnectionConfig, Sandbox, SandboxException


class Program(BaseModel):
    """What a client sends."""

    code: str = Field(max_length=100_000)


class Result(BaseModel):
    """What it gets back."""

    stdout: str
    stderr: str
    exit_code: int | None


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the connections once, and close them when the service stops."""
    async with ConnectionConfig() as config:
        app.state.config = config
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/run")
async def run(program: Program) -> Result:
    """Run a Python program and answer with its output."""
    try:
        async with Sandbox.temporary("python:3.11", connection_config=app.state.config) as sandbox:
            await sandbox.files.write_file("/tmp/program.py", program.code)
            execution = await sandbox.commands.run("python /tmp/program.py", timeout=10)
    except SandboxException as error:
        raise HTTPException(502, f"the sandbox failed: {error}") from error
    return Result(stdout=execution.stdout, stderr=execution.stderr, exit_code=execution.exit_code)
