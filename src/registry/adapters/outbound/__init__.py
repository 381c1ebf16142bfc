"""Other servers that the registry asks for packages and for evidence. Answers are checked, never believed."""
