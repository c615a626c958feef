"""Evaluation of samples: metrics, feature extractors and the evaluator."""
