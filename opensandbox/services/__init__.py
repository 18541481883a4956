"""What a `Sandbox` offers, as names to annotate with."""

from opensandbox._async.commands import Commands as Commands
from opensandbox._async.files import Filesystem as Filesystem
from opensandbox._async.health import Health as Health
from opensandbox._async.metrics import Metrics as Metrics
