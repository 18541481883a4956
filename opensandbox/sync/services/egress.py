"""What a sandbox may reach, under the import path that programs use; see `_sync/egress.py`."""

from opensandbox._sync.egress import CredentialVaultSync as CredentialVaultSync
from opensandbox._sync.egress import EgressSync as EgressSync
