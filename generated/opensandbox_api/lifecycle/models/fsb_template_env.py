FsbTemplateEnv = dict[str, str]
