"""What making a sandbox needs besides the making: its record, its daemon's orders. Pure."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta

from .control import ControlError
from .faults import NOT_SUPPORTED, Fault
from .host import PREFIX, Ground, StartError
from .orders import Order
from .records import PENDING, Record
from .values import JSON, now


def new_record(sandbox_id: str, order: Order) -> Record:
    """The record of a sandbox that is just being made, with tokens of its own."""
    at = now()
    return Record(
        id=sandbox_id,
        state=PENDING,
        reason="CONTAINER_STARTING",
        message="The sandbox is being started.",
        changed_at=at,
        created_at=at,
        expires_at=None if order.timeout is None else at + timedelta(seconds=order.timeout),
        image=order.image,
        snapshot_id=order.snapshot_id,
        entrypoint=order.entrypoint,
        metadata=order.metadata,
        extensions=order.extensions,
        platform=order.platform,
        token=secrets.token_hex(32),
        secure_token=secrets.token_hex(32) if order.secure_access else None,
    )


def start_orders(order: Order) -> dict[str, JSON]:
    """What is to run in a sandbox by itself, once what had to run before it has."""
    return {"entrypoint": list(order.entrypoint), "periodic": list(order.periodic)}


def configuration(record: Record, order: Order, variables: Mapping[str, str]) -> dict[str, JSON]:
    """What the daemon is told; it starts the entrypoint and the periodic hooks then.

    Of `variables`, those count that the order does not set itself.
    """
    return {
        "op": "configure",
        "sandbox_id": record.id,
        "token": record.token,
        "env": {**variables, **order.env},
        # After a hook it is for us to start.
        **(start_orders(order) if order.before_start is None else {}),
        "hostname": None,
        "limits": {"memory": order.resources.memory, "processes": None, "file_size": None},
        "secure_access_token": record.secure_token,
    }


def entrypoint_ended(status: Mapping[str, JSON]) -> str | None:
    """What became of the entrypoint, from its daemon's status; None while it runs."""
    entrypoint = status.get("entrypoint")
    if not isinstance(entrypoint, Mapping) or entrypoint.get("exit_code") is None:
        return None
    said = entrypoint.get("said")
    ended = f"The sandbox is running; its entrypoint ended with code {entrypoint['exit_code']}"
    return f"{ended}: {said}" if said else f"{ended}."


def check_ground(order: Order, ground: Ground) -> None:
    """Raises Fault when the ground does not bear what was ordered."""
    if order.credentials and not ground.enclosed:
        raise Fault(
            501,
            NOT_SUPPORTED,
            "Without isolation sandboxes use this machine's network: no credentials are put in.",
        )


def network_notes(ground: Ground) -> dict[str, str]:
    """What the network of a sandbox really is, for its extensions."""
    if not ground.enclosed:
        return {}
    return {PREFIX + "network": "a filtering proxy only, for programs that use http_proxy"}


def effectless(order: Order, ground: Ground) -> list[str]:
    """What was asked for and does nothing on this ground."""
    found = list(order.without_effect)
    if order.network_policy is not None and not ground.enclosed:
        found.append("networkPolicy")
    return found


def start_fault(error: BaseException) -> BaseException:
    """What the caller of create gets to see of `error`."""
    if isinstance(error, StartError | ControlError | OSError):
        return Fault(
            500, "DOCKER::CONTAINER_START_FAILED", f"The sandbox could not be started: {error}."
        )
    return error


def in_words(notes: Mapping[str, str]) -> str:
    """Notes as one line of the log."""
    return ", ".join(f"{name.rpartition('/')[2]} {value}" for name, value in notes.items())
