"""Text: the one form in which it is kept, and stored code points."""
