"""Marks of generated files: what they say, how they are written, and how they are found.

`marking` puts the layers into a file, `detection` reads them: a `Record` in the metadata of every
format (`carriers`), a signed C2PA manifest (`credentials`), and an invisible keyed mark
(`picture_mark`, `sound_mark`). Who marks is in `identity`.
"""
