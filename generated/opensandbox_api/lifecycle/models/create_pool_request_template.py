from typing import Any

CreatePoolRequestTemplate = dict[str, Any]
