CreateSandboxRequestExtensions = dict[str, str]
