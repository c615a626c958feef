"""Named sets, one family a file: where their files come from and how they are read."""
