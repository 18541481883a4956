CreateSandboxResponseExtensions = dict[str, str]
