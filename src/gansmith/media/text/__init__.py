"""Text: stored code points, tokens, and forms of verse."""
