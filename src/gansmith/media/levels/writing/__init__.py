"""Writing levels: as bytes of text, CSV, maps of Tiled, projects of LDtk, and pictures."""
