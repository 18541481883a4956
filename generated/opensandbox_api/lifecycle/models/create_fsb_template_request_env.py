CreateFsbTemplateRequestEnv = dict[str, str]
