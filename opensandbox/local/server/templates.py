"""The templates of one server: what sandboxes are to be made of, kept under a name.

- Nothing is built here: a template is ready at once, and a sandbox made from it starts as one made
  from its image does.
- What a create request says itself counts more than what its template says.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import evolve, frozen

from .faults import Fault
from .orders import (
    DEFAULT_ENTRYPOINT,
    Order,
    Resources,
    check_metadata,
    check_words,
    read_resources,
)
from .reading import body_fields
from .store import Store
from .values import JSON, moment, now

_FORMATS = ("native", "overlaybd")


@frozen(kw_only=True)
class Template:
    """One template as it is kept in the database."""

    id: str
    image: str
    publish: str
    format: str
    created_at: datetime
    resource_limits: Mapping[str, str] | None
    entrypoint: tuple[str, ...] | None
    env: Mapping[str, str] | None
    metadata: Mapping[str, str] | None
    readiness: Mapping[str, JSON] | None

    def answer(self) -> dict[str, JSON]:
        """The template as the API shows it."""
        entrypoint = None if self.entrypoint is None else list(self.entrypoint)
        given: dict[str, Any] = {
            "resourceLimits": self.resource_limits,
            "entrypoint": entrypoint,
            "env": self.env,
            "metadata": self.metadata,
            "readiness": self.readiness,
        }
        return {
            "templateId": self.id,
            "image": self.image,
            "publish": self.publish,
            "format": self.format,
            "status": {"phase": "Succeeded", "message": "Nothing has to be built here."},
            "createdAt": moment(self.created_at),
            "updatedAt": moment(self.created_at),
            **{name: value for name, value in given.items() if value is not None},
        }

    def to_json(self) -> dict[str, JSON]:
        """The form in the database."""
        return {**self.answer(), "createdAt": self.created_at.isoformat()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Template:
        """The template that `to_json` wrote."""
        return _template(kept["templateId"], kept, datetime.fromisoformat(kept["createdAt"]))


def read_template(body: JSON) -> Template:
    """The template that a request asks for. Raises Malformed or Fault."""
    fields = body_fields(body)
    image = fields.text("image", required=True, least=1)
    publish = fields.text("publish", required=True, least=1)
    given: dict[str, Any] = {
        "image": image,
        "publish": publish,
        "format": fields.choice("format", _FORMATS),
        "resourceLimits": fields.pairs("resourceLimits"),
        "entrypoint": fields.texts("entrypoint", least=1),
        "env": fields.pairs("env"),
        "metadata": fields.pairs("metadata"),
    }
    readiness = fields.object("readiness")
    if readiness is not None:
        probe, seconds = readiness.text("probe"), readiness.integer("warmupSeconds", least=0)
        asked = {"probe": probe, "warmupSeconds": seconds}
        given["readiness"] = {name: value for name, value in asked.items() if value is not None}
    fields.finish()
    read_resources(given["resourceLimits"] or {})
    check_words(given["env"] or {}, given["entrypoint"] or DEFAULT_ENTRYPOINT)
    check_metadata(given["metadata"] or {})
    return _template(str(uuid.uuid4()), given, now())


def _template(template_id: str, given: Mapping[str, Any], created_at: datetime) -> Template:
    entrypoint = given.get("entrypoint")
    return Template(
        id=template_id,
        image=given["image"],
        publish=given["publish"],
        format=given.get("format") or _FORMATS[1],
        created_at=created_at,
        resource_limits=given.get("resourceLimits"),
        entrypoint=None if entrypoint is None else tuple(entrypoint),
        env=given.get("env"),
        metadata=given.get("metadata"),
        readiness=given.get("readiness"),
    )


class Templates:
    """All templates. `open` finds those of an earlier server."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._all: dict[str, Template] = {}

    async def open(self) -> None:
        """Takes over what an earlier server left."""
        for kept in await self._store.load_kept("templates"):
            template = Template.from_json(kept)
            self._all[template.id] = template

    def get(self, template_id: str) -> Template:
        """The template of that id; raises Fault when there is none."""
        try:
            return self._all[template_id]
        except KeyError:
            message = f"There is no template {template_id!r}."
            raise Fault(404, "FSB::TEMPLATE_NOT_FOUND", message) from None

    def list(self) -> list[Template]:
        """Every template, newest first."""
        return sorted(self._all.values(), key=lambda t: (t.created_at, t.id), reverse=True)

    async def create(self, template: Template) -> None:
        """Keeps a template. Raises Fault when another has its name."""
        if any(other.publish == template.publish for other in self._all.values()):
            raise Fault(
                409,
                "FSB::TEMPLATE_ALREADY_EXISTS",
                f"A template publishes as {template.publish!r} already; delete it first.",
            )
        self._all[template.id] = template
        await self._store.put_kept("templates", template.id, template.to_json())

    async def delete(self, template_id: str) -> None:
        """Forgets a template; sandboxes made from it run on. Raises Fault."""
        del self._all[self.get(template_id).id]
        await self._store.remove_kept("templates", template_id)

    def fill(self, order: Order) -> Order:
        """An order with all that its template says; as it is when it names none. Raises Fault."""
        if order.template_id is None:
            return order
        template = self.get(order.template_id)
        own = order.resources != Resources()
        return evolve(
            order,
            image=template.image,
            resources=order.resources if own else read_resources(template.resource_limits or {}),
            env={**(template.env or {}), **order.env},
            metadata={**(template.metadata or {}), **order.metadata},
            entrypoint=order.entrypoint
            if order.entrypoint != DEFAULT_ENTRYPOINT
            else template.entrypoint or DEFAULT_ENTRYPOINT,
        )
