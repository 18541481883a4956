"""The exceptions under the path of the module that client 1.1.1 kept them in."""

from opensandbox.exceptions import (
    InvalidArgumentException as InvalidArgumentException,
)
from opensandbox.exceptions import (
    PoolAcquireFailedException as PoolAcquireFailedException,
)
from opensandbox.exceptions import (
    PoolDestroyedException as PoolDestroyedException,
)
from opensandbox.exceptions import (
    PoolDestroyIncompleteException as PoolDestroyIncompleteException,
)
from opensandbox.exceptions import (
    PoolEmptyException as PoolEmptyException,
)
from opensandbox.exceptions import (
    PoolNotRunningException as PoolNotRunningException,
)
from opensandbox.exceptions import (
    PoolStateStoreUnavailableException as PoolStateStoreUnavailableException,
)
from opensandbox.exceptions import (
    SandboxApiException as SandboxApiException,
)
from opensandbox.exceptions import (
    SandboxConnectionException as SandboxConnectionException,
)
from opensandbox.exceptions import (
    SandboxError as SandboxError,
)
from opensandbox.exceptions import (
    SandboxException as SandboxException,
)
from opensandbox.exceptions import (
    SandboxInternalException as SandboxInternalException,
)
from opensandbox.exceptions import (
    SandboxRateLimitException as SandboxRateLimitException,
)
from opensandbox.exceptions import (
    SandboxReadyTimeoutException as SandboxReadyTimeoutException,
)
from opensandbox.exceptions import (
    SandboxTimeoutException as SandboxTimeoutException,
)
from opensandbox.exceptions import (
    SandboxUnhealthyException as SandboxUnhealthyException,
)
