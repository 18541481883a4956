CreateSandboxRequestEnv = dict[str, str]
