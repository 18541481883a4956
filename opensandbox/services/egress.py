"""What a sandbox may reach, under the import path that programs use; see `_async/egress.py`."""

from opensandbox._async.egress import CredentialVault as CredentialVault
from opensandbox._async.egress import Egress as Egress
