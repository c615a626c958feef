"""The media that come with gansmith: one folder each, registered in `records`."""
