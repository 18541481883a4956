CreateFsbTemplateRequestMetadata = dict[str, str]
