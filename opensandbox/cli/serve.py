"""`serve`: the lifecycle server in the foreground, or for a client that embeds it."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from ..local.server import discovery
from ..local.server.host import HostRefused
from ..local.server.machine import MachineHost
from ..local.server.serve import CannotListen
from ..local.server.serve import serve as run_server
from ..local.server.store import StoreError
from ..local.settings import (
    API_KEY_VARIABLE,
    InvalidSetting,
    Settings,
    read_host_alias,
    read_size,
    state_directory,
)
from . import ALREADY_RUNNING, DONE, REFUSED, complain


def read_settings(arguments: argparse.Namespace) -> Settings:
    """The settings in the command's arguments; raises InvalidSetting."""
    directory: Path = arguments.directory or state_directory()
    return Settings(
        directory=directory.absolute(),
        host=arguments.host,
        port=arguments.port,
        api_key=arguments.api_key or os.environ.get(API_KEY_VARIABLE) or None,
        isolation=arguments.isolation,
        spares=arguments.spares,
        embedded=arguments.embedded,
        idle_timeout=arguments.idle_timeout,
        kill_on_exit=arguments.kill_on_exit,
        volume_prefixes=tuple(arguments.allow_volumes),
        disk=read_size(arguments.disk),
        host_aliases=tuple(map(read_host_alias, arguments.host_alias)),
    )


def serve(arguments: argparse.Namespace) -> int:
    """Runs the server until it is told to stop."""
    try:
        settings = read_settings(arguments)
        run_server(settings, MachineHost.of)
    except discovery.AlreadyRunning as error:
        return complain(str(error), ALREADY_RUNNING)
    except HostRefused as error:
        return _refuse(settings, error)
    except (InvalidSetting, CannotListen, StoreError) as error:
        return complain(str(error))
    except OSError as error:
        return complain(f"{error.filename or settings.directory}: {error.strerror or error}")
    return DONE


def _refuse(settings: Settings, error: HostRefused) -> int:
    """Says why, also in a file for the program that started us."""
    content = json.dumps({"message": str(error), "problems": list(error.problems)})
    discovery.write_private(settings.directory / discovery.REFUSAL_FILE, content + "\n")
    for problem in error.problems:
        complain(problem)
    return complain(str(error), REFUSED)
