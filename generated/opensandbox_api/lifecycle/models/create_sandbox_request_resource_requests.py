CreateSandboxRequestResourceRequests = dict[str, str]
