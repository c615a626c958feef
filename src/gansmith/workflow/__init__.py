"""Workflow: the verbs that users call, composed from the other rooms."""
