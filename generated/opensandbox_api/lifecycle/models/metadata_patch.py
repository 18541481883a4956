MetadataPatch = dict[str, None | str]
