"""Faces in pictures: finding them, their landmarks, alignment and pasting back."""
