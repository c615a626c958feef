"""Translation: networks whose input is a sample of another domain."""
