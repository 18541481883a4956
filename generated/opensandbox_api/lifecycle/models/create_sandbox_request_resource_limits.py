CreateSandboxRequestResourceLimits = dict[str, str]
