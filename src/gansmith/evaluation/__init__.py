"""Judging samples: metrics, feature extractors, the judge."""
