from typing import Literal

CredentialMatchSchemesItem = Literal["http", "https"] | str
"""The values known when this was written; any other one passes through."""
