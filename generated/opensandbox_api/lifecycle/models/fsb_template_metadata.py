FsbTemplateMetadata = dict[str, str]
