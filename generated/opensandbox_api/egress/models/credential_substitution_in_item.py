from typing import Literal

CredentialSubstitutionInItem = Literal["body", "header", "path", "query"] | str
"""The values known when this was written; any other one passes through."""
